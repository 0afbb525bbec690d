/** The form of one example: a field for each column, with its range, and a slider where there are few. */

import { h, replace } from "../dom.js";
import { place } from "../form/problems.js";
import { t } from "../i18n.js";
import { someExample, middle } from "./features.js";
import { picture } from "./picture.js";
import { plain, rangeText } from "./target.js";

const FEW = 12;

/**
 * Make the form.
 * @param {{run: object, features: object[], values: number[]|null, onchange: () => void, signal: AbortSignal}} parts
 * @returns {{element: HTMLElement, values: () => number[], places: Map<string, object>}}
 */
export function exampleForm({ run, features, values, onchange, signal }) {
  const given = values?.length === features.length ? values : features.map(middle);
  const changed = () => {
    drawing?.show(fields.map(({ value }) => value()));
    onchange();
  };
  const fields = features.map((feature, i) => field(feature, i, given[i], features.length <= FEW, changed));
  const set = (row) => {
    row.forEach((value, i) => fields[i].set(value));
    changed();
  };
  const drawing = picture(features, (i, value) => (fields[i].set(value), onchange()));
  drawing?.show(given);
  const told = h("p", { class: "hint", role: "status" });
  const example = run.dataset.kind !== "stored" ? null : h("button", { type: "button", class: "small", onclick: async () => {
    const found = await someExample(run, signal).catch(() => null);
    if (!found) return;
    set(found.row);
    replace(told, t("use.example_label", { label: found.label }));
  } }, t("use.example"));
  const reset = h("button", { type: "button", class: "small quiet", onclick: () => (set(features.map(middle)), replace(told)) }, t(resetWord(features)));
  const grid = h("div", { class: features.length <= FEW ? "stack" : "use-many" }, fields.map(({ element }) => element));
  const inside = drawing ? [drawing.element, h("details", {}, h("summary", {}, t("use.all_fields", { count: features.length })), grid)] : [grid];
  const element = h("div", { class: "stack" }, inside, h("div", { class: "row" }, example, reset, told));
  return { element, values: () => fields.map(({ value }) => value()), places: new Map(fields.map((one, i) => [`/inputs/0/${i}`, one.place])) };
}

/** What the button sets all fields to. */
function resetWord([{ min, mean }]) {
  if (mean !== undefined) return "use.to_means";
  return min === undefined ? "use.to_zero" : "use.to_middles";
}

function field(feature, i, start, roomy, changed) {
  const id = `use-x${i}`;
  const ranged = feature.min !== undefined && feature.max > feature.min;
  const error = h("p", { class: "error", id: `${id}-error` });
  const hint = ranged && roomy ? h("p", { class: "hint", id: `${id}-hint` }, rangeText(feature)) : null;
  const input = h("input", { type: "number", step: "any", id, value: plain(start), autocomplete: "off", inputmode: "decimal" });
  const slider = ranged && roomy ? h("input", { type: "range", min: feature.min, max: feature.max, step: (feature.max - feature.min) / 200,
    value: start, tabindex: "-1", "aria-hidden": "true" }) : null;
  const mark = place(input, error, hint ? [hint.id] : []);
  const set = (value) => {
    input.value = plain(value);
    if (slider) slider.value = String(value);
    mark.say("");
  };
  input.addEventListener("input", () => {
    if (slider) slider.value = input.value;
    mark.say("");
    changed();
  });
  slider?.addEventListener("input", () => {
    input.value = plain(Number(slider.value));
    changed();
  });
  const control = slider ? h("div", { class: "slider" }, slider, input) : input;
  const element = h("div", { class: "field" }, h("label", { for: id }, feature.name), control, hint, error);
  return { element, set, place: mark, value: () => (input.value.trim() === "" ? NaN : Number(input.value)) };
}
