/** A question before something is lost. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

/**
 * Ask whether to go on.
 * @param {string} question
 * @param {string} action what the button says
 * @returns {Promise<boolean>}
 */
export function confirmed(question, action) {
  return new Promise((resolve) => {
    const no = h("button", { value: "no", autofocus: true }, t("shell.cancel"));
    const yes = h("button", { value: "yes", class: "danger" }, action);
    const form = h("form", { method: "dialog", class: "stack" }, h("p", { id: "confirm-text" }, question), h("div", { class: "row end" }, no, yes));
    const dialog = h("dialog", { class: "dialog", "aria-labelledby": "confirm-text" }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
