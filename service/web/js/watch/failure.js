/** A run that ended without success: why, and what to do. */

import { h, replace } from "../dom.js";
import { known, t } from "../i18n.js";
import { askFork } from "./fork.js";
import { allowed } from "./status.js";

const SLOWER = 10; // what the message of a run that diverged proposes
const KNOWN = new Set(["diverged", "out_of_memory", "stored_too_much", "unusable", "worker_lost"]);

/** Make the box; it is empty as long as all is well. */
export function failure(feed, fail) {
  const element = h("div", { id: "failure" });
  let kept = -1;
  const draw = () => {
    if (!feed.run.error || kept === feed.checkpoints.length) return; // said once: it is an alert
    kept = feed.checkpoints.length;
    replace(element, box(feed, fail));
  };
  feed.on("run checkpoints", draw);
  draw();
  return element;
}

function box(feed, fail) {
  const { error, optimizer } = feed.run;
  const advice = KNOWN.has(error.code) ? t(`watch.advice_${error.code}`) : null;
  const rate = Number((optimizer.learning_rate / SLOWER).toPrecision(1));
  const may = error.code === "diverged" && allowed(feed.run, feed.checkpoints).fork;
  const fork = () => askFork(feed, { optimizer: { learning_rate: rate } }).catch(fail);
  const label = t("watch.fork_with", { what: `learning_rate ${rate}` });
  const title = known(`run_problem.${error.code}`) ?? error.title ?? t("runs.status_failed");
  const button = may ? h("button", { type: "button", onclick: fork }, label) : null;
  return h("div", { class: "notice notice-bad", role: "alert" }, h("strong", {}, title),
    h("span", { lang: "en" }, error.detail), advice ? h("span", {}, advice) : null, button);
}
