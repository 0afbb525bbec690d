/** What a run would cost, asked of the server while the form is filled in. */

import { post } from "../api.js";
import { h, replace } from "../dom.js";
import { number, t } from "../i18n.js";
import { latest } from "../api/latest.js";

const QUIET_MS = 250;

/**
 * Make the estimate.
 * @param {AbortSignal} signal
 * @param {function(Error|null): void} onproblem is told what the server thinks of each request
 * @returns {{element: HTMLElement, ask: function(Object): void}}
 */
export function estimate(signal, onproblem) {
  const place = h("div", {}, h("p", { class: "muted" }, t("new.estimating")));
  const ask = latest(async (stop, body) => {
    try {
      const found = await post("/v1/runs/validate", body, { signal: stop });
      replace(place, facts(found));
      onproblem(null);
    } catch (error) {
      if (stop.aborted) throw error;
      replace(place, h("p", { class: "muted" }, t("new.no_estimate")));
      onproblem(error);
    }
  }, QUIET_MS, signal);
  return { element: place, ask };
}

function facts({ estimated_seconds: seconds, parameters, memory_bytes: bytes, data, training }) {
  const held = Math.round((data.examples ?? 0) * (training.validation_fraction ?? 0));
  const told = [
    ["new.time", duration(seconds)],
    ["new.steps", number(training.steps)],
    ["new.parameters", number(parameters)],
    ["new.memory", t("new.megabytes", { size: number(bytes / 2 ** 20, { maximumSignificantDigits: 2 }) })],
    ["new.examples", number(data.examples)],
    ...(held ? [["new.held_out", number(held)]] : []),
  ];
  return h("dl", { class: "facts" }, told.map(([key, value]) => h("div", {}, h("dt", {}, t(key)), h("dd", {}, value))));
}

/** Seconds in the unit that fits. */
function duration(seconds) {
  if (seconds < 1) return t("new.under_a_second");
  const [value, unit] = seconds < 90 ? [seconds, "second"] : seconds < 5400 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
  return number(Math.round(value), { style: "unit", unit, unitDisplay: "short" });
}
