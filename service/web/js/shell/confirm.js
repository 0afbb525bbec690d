/** Asking before something is done that others will notice. */

import { request } from "../api.js";
import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { apiButton } from "../snippets.js";
import { openDialog } from "./dialog.js";
import { notice } from "./notice.js";

/**
 * Ask, make the request, and say what went wrong if it did.
 * @param {{title: string, text: string, verb: string, look?: string, request: {method: string, path: string, body?: object}}} question
 * @returns {Promise<object|null|false>} the answer, false if the user does not want it
 */
export function confirmed({ title, text, verb, look = "danger", request: wish }) {
  return new Promise((resolve) => {
    const problem = h("div", { class: "stack" });
    let answer = false;
    const act = async (event) => {
      event.currentTarget.disabled = true;
      try {
        answer = await request(wish.method, wish.path, { body: wish.body });
        dialog.close();
      } catch (error) {
        replace(problem, notice(error));
      }
    };
    const dialog = h("dialog", { class: "dialog", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text" },
      h("div", { class: "stack" },
        h("h2", { id: "confirm-title" }, title), h("p", { id: "confirm-text" }, text), problem,
        h("div", { class: "row between" }, apiButton(() => wish, { label: verb }),
          h("div", { class: "row" },
            h("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, t(look === "danger" ? "runs.keep" : "shell.cancel")),
            h("button", { type: "button", class: look, onclick: act }, verb)))));
    openDialog(dialog, { onclose: () => resolve(answer) });
  });
}
