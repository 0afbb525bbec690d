/** The course's lens: what its checklist asks of a run, measured by the server. */

import { get } from "../api.js";
import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { confusion } from "./confusion.js";
import { ended } from "./feed.js";
import { hints } from "./hints.js";
import { cardHead, sized, unseen } from "./parts.js";
import { said } from "./said.js";
import { throttled } from "./throttle.js";

const PAUSE_MS = 8000;
const SHARE = 10;
const USUAL_RATIO = [1e-5, 3e-2];

/**
 * Make the cards of the lens.
 * @param {Feed} feed
 * @param {function(Error): void} fail
 * @returns {Object} `checks` and `matrix`, the cards; `measured()`, what was found or null; `onmeasured(listener)`
 */
export function lens(feed, fail) {
  const state = { found: null, final: false, slow: 0, listeners: [] };
  const title = head(feed, state);
  const onfocusout = ({ relatedTarget: next }) => late && !next?.closest("dialog") && setTimeout(draw);
  const inside = h("div", { class: "stack", onfocusout });
  const checks = h("section", { class: "card", id: "lens" }, title.element, inside);
  const matrix = confusion(feed);
  let late = false;
  const read = throttled(async () => {
    const began = performance.now();
    state.final = ended(feed.run);
    try {
      state.found = await get(`${feed.path}/diagnostics`, { signal: feed.signal });
      draw();
      for (const listener of state.listeners) listener();
    } catch (error) {
      if (!feed.signal.aborted && error.status !== 0) fail(error);
    }
    state.slow = performance.now() - began;
  }, () => (ended(feed.run) ? 0 : Math.max(PAUSE_MS, SHARE * state.slow)), feed.signal);
  function draw() {
    const { found } = state;
    title.draw();
    late = inside.contains(document.activeElement); // what has the focus stays
    if (!late) replace(inside, found ? body(feed, found, fail) : h("p", { class: "muted" }, t(feed.checkpoints.length ? "watch.lens_reading" : "watch.lens_wait")));
    matrix.draw(state.found);
  }
  const ask = () => feed.begun && feed.checkpoints.length > 0 && read(); // the server has less to do at a time, the curves come first
  feed.on("points checkpoints", () => !state.final && ask());
  feed.on("run", () => ended(feed.run) && !state.final && ask());
  draw();
  ask(); // the curves may have come first
  const onmeasured = (listener) => state.listeners.push(listener);
  return { checks, matrix: matrix.element, measured: () => state.found, onmeasured };
}

function head(feed, state) {
  const request = () => ({ method: "GET", path: `${feed.path}/diagnostics` });
  const hint = h("p", { class: "hint" });
  const element = cardHead(t("watch.lens"), request, { hint });
  const draw = () => replace(hint, state.found && t("watch.measured_at", { step: state.found.step, count: state.found.examples }));
  return { element, draw };
}

function body(feed, found, fail) {
  const { gradient_check: checked, first_loss: first, update_ratio: moved, dead_units: units } = found;
  const rows = [gradient(checked), firstLoss(first), ratio(moved), ...units.map(dead)];
  return [h("ul", { class: "watch-checks" }, rows.filter(Boolean)), hints(feed, found.hints, fail)];
}

function check(verdict, title, text) {
  const sign = { good: "✓", bad: "✕", warn: "!", none: "–" }[verdict];
  const mark = h("span", { class: "watch-check-sign", "aria-hidden": "true" }, sign);
  const told = h("p", { class: "muted small number" }, text);
  const words = h("div", {}, h("strong", {}, title), unseen(t(`watch.verdict_${verdict}`)), told);
  return h("li", { class: `watch-check watch-check-${verdict}` }, mark, words);
}

function gradient({ ok, relative_error: error, examples, note }) {
  const verdict = ok === null ? "none" : ok ? "good" : "bad";
  const told = [error === null ? null : t("watch.gradient_error", { error: error.toExponential(1), count: examples }), note && said("note", note).text];
  return check(verdict, t("watch.gradient"), told.filter(Boolean).join(" · "));
}

function firstLoss(first) {
  if (!first) return null;
  const { ok, loss, expected } = first;
  return check(ok ? "good" : "warn", t("watch.first_loss"), t("watch.first_loss_is", { loss, expected }));
}

function ratio(value) {
  if (value === null) return null;
  const usual = value >= USUAL_RATIO[0] && value <= USUAL_RATIO[1];
  return check(usual ? "good" : "warn", t("watch.series_update_ratio"), t("watch.ratio_is", { value: sized(value) }));
}

function dead({ layer, units, dead: count }) {
  const verdict = count >= units / 4 ? "warn" : "good";
  return check(verdict, t("watch.dead", { layer }), t("watch.dead_is", { dead: count, units }));
}
