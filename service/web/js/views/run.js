/** Watch a run: it learns before your eyes. */

import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { href } from "../router.js";
import { nameOf } from "../runs/format.js";
import { notice } from "../shell/notice.js";
import { boundary } from "../watch/boundary.js";
import { curves } from "../watch/curves.js";
import { failure } from "../watch/failure.js";
import { Feed } from "../watch/feed.js";
import { guessing } from "../watch/guess.js";
import { head } from "../watch/head.js";
import { lens } from "../watch/lens.js";
import { unseen } from "../watch/parts.js";
import { samples } from "../watch/samples.js";
import { Settings } from "../watch/settings.js";
import { smoothing } from "../watch/smoothing.js";
import { spec } from "../watch/spec.js";
import { side, weights } from "../watch/weights.js";

export const title = (words) => words("watch.title");

/**
 * Show a run.
 * @param {HTMLElement} root
 * @param {{params: {id: string}, query: URLSearchParams, signal: AbortSignal}} place
 */
export async function show(root, { params, query, signal }) {
  const waiting = h("div", { class: "skeleton", "aria-busy": "true" }, unseen(t("watch.loading")));
  root.append(waiting);
  const feed = new Feed(params.id, signal);
  try {
    await feed.begin();
  } catch (error) {
    waiting.remove();
    if (error.status !== 404) throw error;
    const home = h("a", { href: href("/runs") }, t("watch.all_runs"));
    root.append(h("h1", {}, t("watch.gone_title")), notice(error), h("p", {}, home));
    return {};
  }
  const settings = new Settings(query, signal);
  const trouble = h("div", { id: "trouble" });
  let away = false;
  const fail = (error) => {
    if (feed.gone) return;
    away = error.status === 0;
    replace(trouble, notice(error));
  };
  feed.on("connection", () => feed.connection === "open" && away && replace(trouble)); // the server is there again
  feed.on("problem", () => fail(feed.problem));
  if (feed.problem) fail(feed.problem);
  feed.on("gone", () => replace(trouble, h("p", { class: "notice notice-warn", role: "alert" }, t("watch.deleted"))));
  waiting.replaceWith(...layout(feed, settings, trouble, fail));
  document.title = `${nameOf(feed.run)} · Postgrad Lab`;
  feed.follow();
  return { update: (changed) => settings.read(changed) };
}

function layout(feed, settings, trouble, fail) {
  const { run } = feed;
  const eye = lens(feed, fail);
  const lines = curves(feed, settings, () => guessing(run, eye.measured()));
  eye.onmeasured(lines.draw);
  const flat = run.links.decision_boundary !== undefined;
  return [
    head(feed, fail),
    trouble,
    failure(feed, fail),
    h("section", { class: "card", id: "curves" }, h("h2", {}, t("watch.curves")), smoothing(feed, settings, fail),
      h("div", { class: "watch-pair" }, lines.loss, lines.score), lines.small),
    flat ? boundary(feed, settings, fail) : null,
    run.model.kind === "char_rnn" ? samples(feed) : null,
    h("div", { class: "watch-pair" },
      h("div", { class: "watch-column" }, eye.checks, side(run) ? weights(feed, fail) : null), eye.matrix),
    spec(feed),
  ].filter(Boolean);
}
