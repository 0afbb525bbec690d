/** How much the curves are smoothed, and what of the history is shown. */

import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { fileLink } from "../shell/files.js";
import { apiButton } from "../snippets.js";

/**
 * Make the row above the curves; it follows settings and feed.
 * @param {Feed} feed
 * @param {Settings} settings
 * @param {function(Error): void} fail
 */
export function smoothing(feed, settings, fail) {
  const slider = h("input", { type: "range", id: "smooth", min: 0, max: 0.999, step: 0.001, value: settings.smooth });
  const output = h("output", { for: "smooth", class: "number" });
  const told = h("p", { class: "hint", id: "points-told" });
  const draw = () => {
    if (Number(slider.value) !== settings.smooth) slider.value = settings.smooth;
    output.textContent = settings.smooth.toFixed(3).replace(/0+$/, "").replace(/\.$/, "");
    slider.setAttribute("aria-valuetext", output.textContent);
    replace(told, pointsTold(feed, fail));
  };
  slider.addEventListener("input", () => settings.change({ smooth: Number(slider.value) }));
  settings.addEventListener("change", draw, { signal: feed.signal });
  feed.on("points", draw);
  draw();
  const request = () => ({ method: "GET", path: `${feed.path}/metrics` });
  const field = h("div", { class: "watch-smooth" }, h("label", { for: "smooth" }, t("watch.smoothing")), slider, output);
  const right = h("div", { class: "row" }, told, apiButton(request, { label: t("watch.curves") }));
  return h("div", { class: "row between watch-controls" }, field, right);
}

/** Say how many points there are, and where all of them are if some were left out. */
function pointsTold({ history, begun, path, run }, fail) {
  const all = history.total;
  if (!begun) return [];
  if (!history.downsampled) return [t("watch.points_all", { count: all })];
  const label = t("watch.points_link");
  const whole = fileLink(label, `${path}/metrics.csv`, `${run.id}.csv`, fail, label);
  return [t("watch.points_some", { shown: history.steps.length, all }), " ", whole];
}
