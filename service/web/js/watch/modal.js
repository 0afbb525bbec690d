/** A dialog with a form, a button that sends it, and the request that does the same. */

import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { openDialog } from "../shell/dialog.js";
import { notice } from "../shell/notice.js";
import { apiButton } from "../snippets.js";

/**
 * Ask something.
 * @param {Object} options
 * @param {string} options.title
 * @param {string} [options.text] a sentence on what will happen
 * @param {Node[]} options.fields
 * @param {string} options.action the word on the button
 * @param {function(): Object} options.request what will be sent, for the API button
 * @param {function(): Promise<void>} options.send throws what the server says against it
 * @param {function(Error): boolean} [options.tell] shows an error beside its field; false if it has no place for it
 * @param {AbortSignal} options.signal closes it
 */
export function modal({ title, text, fields, action, request, send, tell, signal }) {
  const trouble = h("div", {});
  const submit = h("button", { type: "submit", class: "primary" }, action);
  const cancel = h("button", { type: "button", onclick: () => dialog.close() }, t("watch.dismiss"));
  const api = apiButton(request, { label: action });
  const buttons = h("div", { class: "row between" }, api, h("div", { class: "row" }, cancel, submit));
  const heading = h("h2", { id: "modal-title" }, title);
  const lead = text ? h("p", { class: "muted" }, text) : null;
  const form = h("form", { class: "stack", novalidate: true }, heading, lead, trouble, fields, buttons);
  const dialog = h("dialog", { class: "dialog watch-dialog", "aria-labelledby": "modal-title" }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    replace(trouble);
    try {
      await send();
      dialog.close();
    } catch (error) {
      submit.disabled = false;
      if (tell?.(error)) return;
      replace(trouble, notice(error));
      trouble.scrollIntoView({ block: "nearest" });
      submit.focus({ preventScroll: true });
    }
  });
  openDialog(dialog, { signal });
}

let named = 0;

/** A field with its label, and a hint under it. */
export function field(label, input, hint = null) {
  input.id ||= `watch-field-${(named += 1)}`;
  const told = hint ? h("p", { class: "hint", id: `${input.id}-hint` }, hint) : null;
  if (told) input.setAttribute("aria-describedby", told.id);
  return h("div", { class: "field" }, h("label", { for: input.id }, label), input, told);
}
