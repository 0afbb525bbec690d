/** Small things that several cards have. */

import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { apiButton } from "../snippets.js";

export { sized } from "../runs/format.js";

/**
 * The head of a card: its title, and the request that asks for what it shows.
 * @param {string} title
 * @param {function(): Object} request
 * @param {{action?: string, hint?: Node|null}} [more] action: what the request does, if that is not the title
 */
export function cardHead(title, request, { action = title, hint = null } = {}) {
  return h("div", { class: "row between" }, h("div", {}, h("h2", {}, title), hint), apiButton(request, { label: action }));
}

/** A share as a percentage, a dash for none. */
export function percent(share) {
  return share === null ? "–" : decimal(share, { style: "percent" });
}

/** A number with at most one digit after the point. */
export function decimal(value, options = {}) {
  return number(value, { maximumFractionDigits: 1, maximumSignificantDigits: undefined, ...options });
}

/** A text that is only heard. */
export function unseen(text) {
  return h("span", { class: "visually-hidden" }, text);
}

/** A table with a row for each thing: its name first, then numbers. */
export function namedTable(caption, columns, rows) {
  const head = columns.map((name, i) => h("th", { scope: "col", class: i ? "right" : "" }, name));
  const body = rows.map(([name, ...values]) => {
    return h("tr", {}, h("th", { scope: "row" }, name), values.map((value) => h("td", { class: "number right" }, value)));
  });
  const told = h("caption", { class: "visually-hidden" }, caption);
  return h("table", { class: "table" }, told, h("thead", {}, h("tr", {}, head)), h("tbody", {}, body));
}

/** How many more there are, for the end of a list. */
export function more(key, count) {
  return count > 0 ? h("p", { class: "hint" }, t(key, { count })) : null;
}
