/** The words of the page, in English and Korean. */

import en from "./lang/en.js";
import ko from "./lang/ko.js";

const WORDS = { en, ko };
const KEPT = "lab.language";

let chosen = first();
document.documentElement.lang = chosen;

/** Tells by an event "change" that another language was chosen. */
export const languages = new EventTarget();

/** The language of the page: "en" or "ko". */
export function language() {
  return chosen;
}

/** Show the page in another language, and keep the choice. */
export function setLanguage(name) {
  if (!(name in WORDS) || name === chosen) return;
  chosen = name;
  document.documentElement.lang = name;
  try {
    localStorage.setItem(KEPT, name);
  } catch {
    // a browser may forbid it: then the choice lasts as long as the page
  }
  languages.dispatchEvent(new Event("change"));
}

/**
 * A text of the page.
 * @param {string} key such as "data.title"; with a value `count`, "key.one" or "key.other" is taken if there is one
 * @param {Object<string, string|number>} values what {placeholders} stand for; numbers are written as the language does
 */
export function t(key, values = {}) {
  const text = wording(key, values.count);
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? written(values[name]) : all));
}

/** A text of the page that may not be there: null, or the text. */
export function known(key) {
  const text = t(key);
  return text === key ? null : text;
}

/** A number as the language writes it, by default with up to four significant digits if it is no integer. */
export function number(value, options = {}) {
  const digits = Number.isInteger(value) ? {} : { maximumSignificantDigits: 4 };
  return new Intl.NumberFormat(chosen, { ...digits, ...options }).format(value);
}

function wording(key, count) {
  const words = WORDS[chosen];
  if (typeof count === "number") {
    const plural = words[`${key}.${new Intl.PluralRules(chosen).select(count)}`] ?? words[`${key}.other`];
    if (plural !== undefined) return plural;
  }
  return words[key];
}

function written(value) {
  return typeof value === "number" ? number(value) : String(value);
}

function first() {
  let kept = null;
  try {
    kept = localStorage.getItem(KEPT);
  } catch {
    kept = null;
  }
  if (kept in WORDS) return kept;
  return (navigator.language ?? "").startsWith("ko") ? "ko" : "en";
}
