/** The dialog that takes an API key, by hand or when the server asks for one. */

import { key, setKey } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";

let refused = false;

/** Ask because the server wants a key; a user who has said no is not asked again in the same view. */
export async function askForKey() {
  if (refused) return false;
  const given = await openKeyDialog(key() ? t("shell.key_bad") : t("shell.key_needed"));
  refused = !given;
  return given;
}

/** Ask again, if need be, though the user has said no. */
export function forgive() {
  refused = false;
}

/**
 * Show the dialog.
 * @param {string|null} why
 * @returns {Promise<boolean>} whether there is a new key
 */
export function openKeyDialog(why = null) {
  return new Promise((resolve) => {
    const input = h("input", { id: "api-key", type: "password", autocomplete: "off", spellcheck: "false", placeholder: "pg_…", pattern: "\\s*[!-~]+\\s*", title: t("shell.key_form"), "aria-describedby": "api-key-text" });
    const dialog = h("dialog", { class: "dialog", "aria-labelledby": "api-key-title" }, form(input, why));
    const before = document.activeElement;
    dialog.addEventListener("close", () => {
      const changed = dialog.returnValue === "keep" && input.value.trim() !== "";
      if (changed) setKey(input.value.trim());
      if (dialog.returnValue === "forget") setKey(null);
      dialog.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      resolve(changed);
    });
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}

function form(input, why) {
  const buttons = h(
    "div",
    { class: "row end" },
    key() ? closing("forget", "quiet", t("shell.key_forget")) : null,
    closing("cancel", "", t("shell.cancel")),
    h("button", { value: "keep", class: "primary" }, t("shell.key_use")),
  );
  return h(
    "form",
    { method: "dialog", class: "stack" },
    h("h2", { id: "api-key-title" }, t("shell.key_title")),
    why ? h("p", {}, why) : null,
    h("div", { class: "field" }, h("label", { for: "api-key" }, t("shell.key_label")), input, h("p", { id: "api-key-text", class: "hint" }, t("shell.key_text"))),
    buttons,
  );
}

/** A button that Enter in the field does not press: only "Use this key" is one to submit. */
function closing(value, kind, text) {
  return h("button", { type: "button", class: kind, onClick: (event) => event.target.closest("dialog").close(value) }, text);
}
