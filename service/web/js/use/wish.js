/** How text is to be written: prompt, temperature, length, choice and seed. */

import { h } from "../dom.js";
import { place } from "../form/problems.js";
import { t } from "../i18n.js";

const FIELDS = [
  { name: "temperature", start: 0.8, min: 0, max: 2, step: 0.05, most: 10 },
  { name: "length", start: 300, min: 1, max: 2000, step: 1, most: 10_000 },
  { name: "top_k", start: null, min: 1, max: null, step: 1, most: 100_000 },
  { name: "seed", start: 0, min: 0, max: null, step: 1, most: 2 ** 32 - 1 },
];

/**
 * Make the fields.
 * @param {URLSearchParams} query
 * @param {string[]} alphabet  the characters that the model knows
 * @param {(changes: object) => void} onchange  told what the address is to keep
 */
export function wishForm(query, alphabet, onchange) {
  const prompt = promptField(query, alphabet, onchange);
  const numbers = FIELDS.map((one) => numberField(one, query, onchange));
  const dice = h("button", { type: "button", class: "small", onclick: () => numbers.at(-1).set(Math.floor(Math.random() * 1e6)) }, t("use.other_seed"));
  numbers.at(-1).element.append(h("div", {}, dice));
  const places = new Map([["/prompt", prompt.place], ...numbers.map((one) => [`/${one.name}`, one.place])]);
  return {
    element: h("div", { class: "stack" }, prompt.element, numbers.map(({ element }) => element)),
    value: () => ({ prompt: prompt.value(), ...Object.fromEntries(numbers.map((one) => [one.name, one.value()])) }),
    places,
    clear: () => places.forEach((one) => one.say("")),
    focusProblem: () => document.querySelector("#view [aria-invalid='true']")?.focus(),
  };
}

function promptField(query, alphabet, onchange) {
  const input = h("textarea", { id: "use-prompt", rows: 3, maxlength: 10_000, spellcheck: "false", value: query.get("prompt") ?? "" });
  const error = h("p", { class: "error", id: "use-prompt-error" });
  const shown = alphabet.slice(0, 200).map((one) => (one === " " ? "␠" : one === "\n" ? "⏎" : one === "\t" ? "⇥" : one)).join(" ");
  const known = h("details", { class: "small" }, h("summary", {}, t("use.alphabet", { count: alphabet.length })), h("p", { class: "mono use-alphabet" }, shown));
  const mark = place(input, error, []);
  input.addEventListener("input", () => {
    mark.say("");
    onchange({ prompt: input.value || null });
  });
  return { element: h("div", { class: "field" }, h("label", { for: input.id }, t("use.prompt")), input, error, known), place: mark, value: () => input.value };
}

function numberField({ name, start, min, max, step, most }, query, onchange) {
  const id = `use-${name}`;
  const first = query.get(name) ?? start ?? "";
  const input = h("input", { type: "number", id, min, max: most, step: step < 1 ? "any" : 1, value: first,
    placeholder: start === null ? t("use.all_of_them") : null });
  const slider = max === null ? null : h("input", { type: "range", min, max, step, value: first, tabindex: "-1", "aria-hidden": "true" });
  const error = h("p", { class: "error", id: `${id}-error` });
  const hint = h("p", { class: "hint", id: `${id}-hint` }, t(`use.hint_${name}`));
  const mark = place(input, error, [hint.id]);
  const keep = () => {
    mark.say("");
    if (slider) slider.value = input.value;
    onchange({ [name]: input.value === "" || Number(input.value) === start ? null : input.value });
  };
  const set = (value) => {
    input.value = String(value);
    keep();
  };
  input.addEventListener("input", keep);
  slider?.addEventListener("input", () => set(slider.value));
  const control = slider ? h("div", { class: "slider" }, slider, input) : input;
  const value = () => (input.value.trim() === "" ? start : Number(input.value));
  return { name, element: h("div", { class: "field" }, h("label", { for: id }, t(`use.${name}`)), control, hint, error), place: mark, value, set };
}
