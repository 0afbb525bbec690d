/** The fields of a form: a label, a control, what it means, its limits, and room for an error. */

import { h } from "../dom.js";
import { number as written } from "../i18n.js";
import { place } from "./problems.js";
import { limits, sliderRange } from "./schema.js";
import { said, titled } from "./words.js";

const LONG = 500; // a text that may be longer gets more than a line

/** A number, with a slider beside it where that helps. */
export function number(spec) {
  const { context, schema, id } = spec;
  const range = sliderRange(schema);
  const step = range?.step ?? (schema.type === "integer" ? 1 : "any");
  const { low, high } = limits(schema);
  const shown = spec.value ?? schema.default;
  const bounds = { min: low ?? undefined, max: high ?? undefined, step };
  const input = h("input", { type: "number", id, ...bounds, value: shown ?? "", placeholder: shown === undefined ? context.t("form.auto") : null });
  const slider = range ? h("input", { type: "range", ...range, "aria-hidden": "true", tabindex: "-1", value: shown }) : null;
  input.addEventListener("input", () => {
    if (slider) slider.value = input.value;
    context.changed();
  });
  slider?.addEventListener("input", () => {
    input.value = String(Number(Number(slider.value).toPrecision(6)));
    context.changed();
  });
  const control = slider ? h("div", { class: "slider" }, slider, input) : input;
  return { element: field(spec, input, control, limitText(schema)), value: () => changed(spec, numberOf(input)) };
}

function numberOf(input) {
  return input.value === "" ? undefined : Number(input.value);
}

/** Yes or no. */
export function checkbox(spec) {
  const { context, schema, id } = spec;
  const input = h("input", { type: "checkbox", id, checked: spec.value ?? schema.default ?? false, onChange: context.changed });
  const label = h("label", { class: "check", for: id }, input, titled(spec.name));
  return { element: h("div", { class: "field" }, label, ...under(spec, input, "")), value: () => changed(spec, input.checked) };
}

/** One of some values, each `[value, label]`. */
export function choice(spec, offered) {
  const { context, schema, id } = spec;
  const shown = spec.value ?? schema.default ?? "";
  const known = offered.some(([value]) => value === shown);
  const all = known ? offered : [[shown, shown || context.t("form.choose")], ...offered];
  const options = all.map(([value, label]) => h("option", { value }, label));
  const input = h("select", { id, value: shown, onChange: context.changed }, options);
  return { element: field(spec, input, input, ""), value: () => changed(spec, input.value) };
}

/** A line of text, or several. */
export function text(spec) {
  const { context, schema, id } = spec;
  const long = !schema.maxLength || schema.maxLength > LONG;
  const props = { id, value: spec.value ?? schema.default ?? "", onInput: context.changed, spellcheck: "false", autocomplete: "off" };
  const input = long ? h("textarea", { ...props, rows: 6 }) : h("input", { type: "text", maxlength: schema.maxLength, ...props });
  const element = field(spec, input, input, "");
  if (long) element.classList.add("wide");
  return { element, value: () => changed(spec, input.value === "" && !spec.required ? undefined : input.value) };
}

/** Some numbers, with commas between them. */
export function list(spec) {
  const { context, schema, id } = spec;
  const given = Array.isArray(spec.value) ? spec.value : (schema.default ?? []);
  const shown = given.join(", ");
  const input = h("input", { type: "text", id, inputmode: "decimal", value: shown, onInput: context.changed, autocomplete: "off" });
  const parts = () => input.value.split(/[\s,]+/).filter(Boolean).map((part) => (Number.isNaN(Number(part)) ? part : Number(part)));
  return { element: field(spec, input, input, context.t("form.list")), value: () => changed(spec, parts()) };
}

/** Names and values, one `name=value` a line. */
export function pairs(spec) {
  const { context, id } = spec;
  const shown = Object.entries(spec.value ?? {}).map(([name, value]) => `${name}=${value}`).join("\n");
  const input = h("textarea", { id, rows: 2, value: shown, onInput: context.changed, spellcheck: "false" });
  const value = () => {
    const lines = input.value.split("\n").filter((line) => line.trim());
    return lines.length ? Object.fromEntries(lines.map(pair)) : undefined;
  };
  return { element: field(spec, input, input, context.t("form.pairs")), value };
}

function pair(line) {
  const at = line.indexOf("=");
  return at < 0 ? [line.trim(), ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

/** What a field says, undefined if that is its default. */
function changed({ schema, required }, value) {
  if (!required && JSON.stringify(value) === JSON.stringify(schema.default)) return undefined;
  return value;
}

function field(spec, input, control, also) {
  const label = h("label", { for: spec.id }, titled(spec.name));
  return h("div", { class: "field" }, label, control, ...under(spec, input, also));
}

function under({ context, schema, pointer, id }, input, also) {
  const parts = [said(schema.description ?? ""), also].filter(Boolean);
  const hint = parts.length ? h("p", { class: "hint", id: `${id}-hint` }, parts.join(" · ")) : null;
  const error = h("p", { class: "error", id: `${id}-error` });
  context.places.set(pointer, place(input, error, hint ? [hint.id] : []));
  return [hint, error];
}

/** Say between what a number may be: "0 … 100", "> 0". */
function limitText(schema) {
  const { low, high, lowOpen, highOpen } = limits(schema);
  if (low === null && high === null) return "";
  const round = high % 1e6 === 0;
  const left = low === null ? "" : `${lowOpen ? "> " : ""}${written(low)}`;
  const right = high === null ? "" : `${highOpen ? "< " : ""}${written(high, { notation: round ? "compact" : "standard" })}`;
  return [left, right].join(" … ");
}
