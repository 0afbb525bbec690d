/** A run that ended without success: why, and what to do. */

import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { askFork } from "./fork.js";
import { allowed } from "./status.js";

const KNOWN = new Set(["diverged", "out_of_memory", "unusable", "worker_lost"]);

/** Make the box; it is empty as long as all is well. */
export function failure(feed) {
  const element = h("div", { id: "failure" });
  const draw = () => replace(element, feed.run.error ? box(feed) : null);
  feed.on("run checkpoints", draw);
  draw();
  return element;
}

function box(feed) {
  const { error, optimizer } = feed.run;
  const advice = KNOWN.has(error.code) ? t(`watch.advice_${error.code}`) : null;
  const slower = { optimizer: { learning_rate: Number((optimizer.learning_rate / 3).toPrecision(1)) } };
  const may = error.code === "diverged" && allowed(feed.run, feed.checkpoints).fork;
  const button = may ? h("button", { type: "button", onclick: () => askFork(feed, slower) }, t("watch.fork_slower")) : null;
  return h("div", { class: "notice notice-bad", role: "alert" }, h("strong", {}, error.title ?? t("watch.status_failed")),
    h("span", { lang: "en" }, error.detail), advice ? h("span", {}, advice) : null, button);
}
