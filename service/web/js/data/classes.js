/** How many examples each class has, and how many of them are held out. */

import { series } from "../charts.js";
import { h } from "../dom.js";
import { number, t } from "../i18n.js";

const SHOWN = 12;

/**
 * Make the table of class counts.
 * @param {(string|number)[]} classes
 * @param {number[]} counts
 */
export function classTable(classes, counts) {
  const most = Math.max(...counts, 1);
  const rows = classes.slice(0, SHOWN).map((name, i) => {
    const bar = h("span", { class: "count-bar" });
    bar.style.width = `${(100 * counts[i]) / most}%`;
    bar.style.backgroundColor = series(i).color;
    return h("tr", {}, h("th", { scope: "row" }, shown(name)), h("td", { class: "count-cell", "aria-hidden": "true" }, bar), h("td", { class: "right" }, number(counts[i])));
  });
  const left = classes.length - SHOWN;
  const heads = [h("th", { scope: "col" }, t("data.class")), h("td", { "aria-hidden": "true" }), h("th", { scope: "col", class: "right" }, t("data.examples"))];
  const more = left > 0 ? h("p", { class: "hint" }, t("data.more_classes", { count: left })) : null;
  return [h("table", { class: "table counts" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)), more];
}

/** A class as it is read; of a text they are characters, some of which cannot be seen. */
function shown(name) {
  const seen = { " ": "␣", "\n": "↵", "\t": "⇥" };
  return seen[name] ?? String(name);
}
