/** How a run stands, in words, and what may be done with it. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { ended } from "./feed.js";

const LOOK = { succeeded: "badge-good", failed: "badge-bad", running: "badge-accent", paused: "badge-warn" };
const MARK = { succeeded: "✓", failed: "✕", running: "●", paused: "❚❚", queued: "○", cancelled: "■" };

/** The status as a badge: a sign and a word, not a colour alone. */
export function badge(run) {
  const look = `badge ${LOOK[run.status] ?? ""}`;
  return h("span", { class: look, id: "run-status" }, h("span", { "aria-hidden": "true" }, MARK[run.status]), statusWord(run));
}

/** Where a run is, asked-for changes included. */
export function statusWord(run) {
  if (run.status === "running" && run.cancel_requested) return t("watch.cancelling");
  if (run.status === "running" && run.pause_requested) return t("watch.pausing");
  return t(`runs.status_${run.status}`);
}

/** Why a run ended, as a sentence; null before. */
export function whyEnded(run) {
  if (!ended(run) || !run.stop_reason) return null;
  return t(`watch.why_${run.stop_reason}`, { step: run.progress.step });
}

/** What the API allows for a run as it stands. */
export function allowed(run, checkpoints) {
  const { status } = run;
  const asked = run.cancel_requested || run.pause_requested;
  const going = status === "running";
  const kept = checkpoints.length > 0;
  return {
    pause: status === "queued" || (going && !asked),
    resume: status === "paused" || (going && run.pause_requested && !run.cancel_requested),
    cancel: status === "queued" || status === "paused" || (going && !run.cancel_requested),
    extend: kept && (ended(run) || status === "paused"),
    fork: kept && status !== "queued",
    use: kept,
  };
}
