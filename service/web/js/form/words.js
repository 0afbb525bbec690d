/** What a schema says, in the language of the page. */

import { language } from "../i18n.js";
import ko from "./korean.js";

/** A description. Its translation is found by the very text: one that is changed shows in English until it is translated. */
export function said(text) {
  return (language() === "ko" && ko[text]) || text.replaceAll("`", "");
}

/** The label of a field: `points_per_class` is "Points per class". */
export function titled(name) {
  const english = name.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());
  return (language() === "ko" && ko[english]) || english;
}
