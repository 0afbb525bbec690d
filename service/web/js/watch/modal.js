/** A dialog with a form, a button that sends it, and the request that does the same. */

import { h, replace } from "../dom.js";
import { place, placeOf } from "../form/problems.js";
import { t } from "../i18n.js";
import { openDialog } from "../shell/dialog.js";
import { notice } from "../shell/notice.js";
import { apiButton } from "../snippets.js";

/**
 * Ask something.
 * @param {Object} options
 * @param {string} options.title
 * @param {string} [options.text] a sentence on what will happen
 * @param {Field[]} options.fields
 * @param {string} options.action the word on the button
 * @param {function(): Object} options.request what will be sent, for the API button
 * @param {function(): Promise<void>} options.send throws what the server says against it
 * @param {function(Object[]): Object[]} [options.tell] shows what is wrong beside fields that are not in `fields`; returns the rest
 * @param {AbortSignal} options.signal closes it
 */
export function modal({ title, text, fields, action, request, send, tell, signal }) {
  const trouble = h("div", {});
  const places = new Map(fields.filter(({ pointer }) => pointer).map(({ pointer, place: one }) => [pointer, one]));
  const submit = h("button", { type: "submit", class: "primary" }, action);
  const cancel = h("button", { type: "button", onclick: () => dialog.close() }, t("watch.dismiss"));
  const api = apiButton(request, { label: action });
  const buttons = h("div", { class: "row between" }, api, h("div", { class: "row" }, cancel, submit));
  const heading = h("h2", { id: "modal-title" }, title);
  const lead = text ? h("p", { class: "muted" }, text) : null;
  const form = h("form", { class: "stack", novalidate: true }, heading, lead, trouble, fields.map((one) => one.element), buttons);
  const dialog = h("dialog", { class: "dialog watch-dialog", "aria-labelledby": "modal-title" }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    replace(trouble);
    for (const one of places.values()) one.say("");
    try {
      await send();
      dialog.close();
    } catch (error) {
      submit.disabled = false;
      if (!rest(error).length && error.errors?.length) (form.querySelector("[aria-invalid=true]") ?? submit).focus();
      else above(error);
    }
  });
  /** Say beside each field what is wrong with it; return what has no field. */
  const rest = (error) => {
    const left = (error.errors ?? []).filter(({ pointer, detail }) => !tellAt(places, pointer, detail));
    return tell ? tell(left) : left;
  };
  const above = (error) => {
    replace(trouble, notice(error));
    trouble.scrollIntoView({ block: "nearest" });
    submit.focus({ preventScroll: true });
  };
  openDialog(dialog, { signal });
}

function tellAt(places, pointer, detail) {
  const found = placeOf(places, pointer ?? "#");
  found?.say(detail);
  return Boolean(found);
}

let named = 0;

/**
 * A field with its label, a hint and what is wrong with it under it.
 * @param {string} label
 * @param {HTMLElement} input
 * @param {{hint?: string, pointer: string}} about pointer: what a problem calls it, such as "/steps"
 * @returns {{element: HTMLElement, pointer: string, place: {say: function(string): void}}}
 */
export function field(label, input, { hint = null, pointer }) {
  input.id ||= `watch-field-${(named += 1)}`;
  const told = hint ? h("p", { class: "hint", id: `${input.id}-hint` }, hint) : null;
  const error = h("p", { class: "error", id: `${input.id}-error` });
  const mark = place(input, error, told ? [told.id] : []);
  input.addEventListener("input", () => mark.say(""));
  return { element: h("div", { class: "field" }, h("label", { for: input.id }, label), input, told, error), pointer, place: mark };
}
