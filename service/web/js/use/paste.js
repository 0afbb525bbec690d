/** Many examples, pasted as CSV. */

import { h } from "../dom.js";
import { place } from "../form/problems.js";
import { t } from "../i18n.js";
import { readRows } from "./rows.js";

const SHOWN_NAMES = 6;

/**
 * Make the field.
 * @param {string[]} features
 * @returns {{element: HTMLElement, read: () => object, say: (problems: object[], told: boolean) => void}}
 */
export function pasteForm(features) {
  const few = features.slice(0, SHOWN_NAMES).join(",") + (features.length > SHOWN_NAMES ? ",…" : "");
  const input = h("textarea", { id: "use-rows", rows: 10, class: "mono", spellcheck: "false", autocomplete: "off", wrap: "off",
    placeholder: `${few}\n${features.slice(0, SHOWN_NAMES).map((_, i) => (i + 1) / 10).join(",")}` });
  const error = h("p", { class: "error", id: "use-rows-error" });
  const mark = place(input, error, ["use-rows-hint"]);
  const file = h("input", { type: "file", id: "use-file", class: "visually-hidden", accept: ".csv,.tsv,.txt,text/csv", onchange: async () => {
    if (!file.files.length) return;
    input.value = await file.files[0].text();
    input.form.requestSubmit();
  } });
  const element = h("div", { class: "field" }, h("label", { for: "use-rows" }, t("use.rows")), input, error,
    h("p", { class: "hint", id: "use-rows-hint" }, t("use.rows_hint", { names: features.join(", ").slice(0, 300) })),
    h("div", {}, file, h("label", { class: "button-like", for: file.id }, t("use.rows_file"))));
  const read = () => readRows(input.value, features);
  const say = (problems, told) => {
    mark.say(problems.map(sentence).join(" ") || (told ? t("use.no_rows") : ""));
    if (told) input.focus();
  };
  input.addEventListener("input", () => mark.say(""));
  return { element, read, say };
}

function sentence({ row, column, kind, got, wanted }) {
  return t(`use.bad_${kind}`, { row, column, got: got ?? "", wanted: wanted ?? "" });
}
