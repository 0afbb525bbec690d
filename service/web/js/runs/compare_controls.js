/** What a comparison is set by: its runs, the series, the smoothing, which settings are listed. */

import { h, replace } from "../dom.js";
import { number, t } from "../i18n.js";
import { href } from "../router.js";
import { swatch } from "./differences.js";
import { statusBadge } from "./format.js";

/**
 * Make the list of runs: each can be hidden in the chart, and taken out.
 * @param {(changes: object) => void} onchange  told the names of the address that change
 */
export function chips(onchange) {
  const element = h("ul", { class: "compare-chips", "aria-label": t("compare.runs") });
  const show = (entries, { ids, hidden }) => {
    const at = element.contains(document.activeElement) ? [...element.querySelectorAll("a, button")].indexOf(document.activeElement) : -1;
    replace(element, entries.map((entry) => chip(entry, ids, hidden, onchange)));
    if (at >= 0) element.querySelectorAll("a, button")[at]?.focus();
  };
  return { element, show };
}

function chip({ run, name, place, hidden: isHidden }, ids, hidden, onchange) {
  const toggle = () => {
    const left = new Set(hidden);
    if (!left.delete(run.id)) left.add(run.id);
    onchange({ hide: [...left].join(",") || null });
  };
  const away = () => onchange({ ids: ids.filter((id) => id !== run.id).join(",") || null });
  return h("li", { class: isHidden ? "compare-chip off" : "compare-chip" },
    h("button", { type: "button", class: "quiet small", "aria-pressed": String(!isHidden), "aria-label": t("compare.show", { name }), onclick: toggle },
      swatch(place)),
    h("a", { href: href(`/runs/${run.id}`) }, name), run.status === "succeeded" ? null : statusBadge(run),
    h("button", { type: "button", class: "quiet small", "aria-label": t("compare.remove", { name }), onclick: away }, h("span", { "aria-hidden": "true" }, "×")));
}

/**
 * Make the choice of the series and of the smoothing, and the switch for the table.
 * @param {(changes: object) => void} onchange
 */
export function settingsBar(onchange) {
  const metric = h("select", { id: "compare-metric", onchange: () => onchange({ m: metric.value }) });
  const weight = h("input", { id: "compare-smooth", type: "range", min: 0, max: 0.99, step: 0.01 });
  const told = h("output", { for: "compare-smooth", class: "number" });
  weight.addEventListener("input", () => onchange({ s: Number(weight.value) || null }));
  const box = h("input", { type: "checkbox", id: "compare-all", onchange: () => onchange({ all: box.checked ? "1" : null }) });
  const toggle = h("label", { class: "check", for: "compare-all" }, box, t("compare.all"));
  const element = h("div", { class: "compare-settings" },
    h("div", { class: "field inline" }, h("label", { for: "compare-metric" }, t("compare.metric")), metric),
    h("div", { class: "field inline compare-smooth" }, h("label", { for: "compare-smooth" }, t("compare.smooth")), weight, told));
  const show = (state) => {
    const key = state.names.join();
    if (metric.dataset.names !== key) {
      metric.dataset.names = key;
      replace(metric, state.names.map((name) => h("option", { value: name }, t(`compare.series_${name}`))));
    }
    metric.value = state.metric;
    weight.value = String(state.weight);
    told.textContent = number(state.weight);
    box.checked = state.all;
  };
  return { element, toggle, show };
}
