/** What diagnostics say, in the language of the page. */

import { language, t } from "../i18n.js";
import forms from "../lang/en/hints.js";

const patterns = Object.entries(forms).map(([key, form]) => [key, pattern(form)]);

/**
 * Tell a text of the server. It is found by its form, which holds the numbers; one that has no such form stays in English.
 * @param {"hint"|"advice"|"note"} kind
 * @param {string} text
 * @returns {{text: string, lang: string}}
 */
export function said(kind, text) {
  const found = language() === "en" ? null : match(`${kind}.`, text);
  return found ? { text: t(...found), lang: language() } : { text, lang: "en" };
}

function match(start, text) {
  for (const [key, form] of patterns) {
    const values = key.startsWith(start) && form.exec(text);
    if (values) return [key, { ...values.groups }];
  }
  return null;
}

/** The form as an expression; names may have spaces in them, other values have none. */
function pattern(form) {
  const value = (name) => `(?<${name}>${name.startsWith("name") ? ".+" : "\\S+"})`;
  const plain = (text) => text.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  return new RegExp(`^${form.split(/\{(\w+)\}/).map((part, i) => (i % 2 ? value(part) : plain(part))).join("")}$`, "s");
}
