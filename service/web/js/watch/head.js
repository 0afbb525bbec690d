/** The head of the view: which run, how far it is, and what can be done with it. */

import { announce, h, replace } from "../dom.js";
import { number, t } from "../i18n.js";
import { href } from "../router.js";
import { duration, nameOf } from "../runs/format.js";
import { namesById } from "../runs/load.js";
import { buttons } from "./actions.js";
import { badge, statusWord, whyEnded } from "./status.js";

const SPEAK_MS = 20000;

/**
 * Make the head; it follows the run.
 * @param {Feed} feed
 * @param {function(Error): void} fail
 */
export function head(feed, fail) {
  const name = h("h1", { id: "run-name" }, nameOf(feed.run));
  const status = h("span", {});
  const lineage = h("p", { class: "muted" }, h("code", {}, feed.run.id), ...parent(feed.run));
  const progress = h("div", { class: "watch-progress" });
  const actions = buttons(feed, fail);
  const connection = h("p", { class: "notice notice-warn", id: "connection", role: "status", hidden: true });
  const spoken = { status: feed.run.status, at: performance.now() };
  function draw() {
    const { run } = feed;
    name.textContent = nameOf(run);
    replace(status, badge(run));
    replace(progress, bar(run), facts(run));
    actions.draw();
    speak(run, spoken);
  }
  function connect() {
    const away = feed.connection === "waiting";
    connection.hidden = !away;
    connection.textContent = away ? t("watch.reconnecting") : "";
  }
  feed.on("run checkpoints", draw);
  feed.on("connection", connect);
  draw();
  const names = h("div", {}, h("div", { class: "row" }, name, status), lineage);
  const top = h("div", { class: "page-head" }, names, actions.element);
  return h("header", { class: "watch-head stack" }, top, connection, progress);
}

function parent({ parent: from }) {
  if (!from) return [];
  const text = t(`watch.from_${from.relation}`, { step: from.step });
  const link = h("a", { href: href(`/runs/${from.run}`) }, nameOf({ id: from.run }));
  namesById([from.run]).then((names) => (link.textContent = nameOf({ id: from.run, name: names.get(from.run) })), () => {});
  return [" · ", text, " ", link];
}

function bar(run) {
  const { step, steps, fraction } = run.progress;
  const inner = h("span", {});
  inner.style.width = `${(100 * fraction).toFixed(2)}%`;
  const label = { "aria-label": t("watch.progress"), "aria-valuetext": t("watch.step_of", { step, steps }) };
  const value = { "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(100 * fraction) };
  return h("div", { class: "bar", role: "progressbar", ...label, ...value }, inner);
}

function facts(run) {
  const { step, steps, steps_per_second: rate, eta_seconds: eta, training_seconds: trained } = run.progress;
  const told = [t("watch.step_of", { step, steps })];
  if (run.status === "queued" && run.queue_position) told.push(t("watch.place", { place: run.queue_position }));
  if (run.status === "running" && rate) told.push(t("watch.rate", { rate: number(rate, { maximumSignificantDigits: 3 }) }));
  if (eta !== null && run.status !== "paused") told.push(t("watch.left", { time: duration(eta) }));
  if (trained > 0) told.push(t("watch.trained", { time: duration(trained) }));
  const why = whyEnded(run);
  return h("p", { class: "number muted" }, told.join(" · "), why ? [" — ", h("span", { class: "why" }, why)] : null);
}

/** Say a change of state at once, and how far it is now and then. */
function speak(run, spoken) {
  const changed = statusWord(run) !== spoken.status;
  if (!changed && performance.now() - spoken.at < SPEAK_MS) return;
  const loss = run.metrics.loss?.last;
  const words = [statusWord(run), t("watch.step_of", { step: run.progress.step, steps: run.progress.steps })];
  if (typeof loss === "number") words.push(t("watch.loss_is", { loss }));
  if (spoken.status !== null) announce(words.join(", "));
  Object.assign(spoken, { status: statusWord(run), at: performance.now() });
}
