/** What a model says: the label, and how sure it is of each class. */

import { h } from "../dom.js";
import { number, t } from "../i18n.js";

const MOST_CLASSES = 12;
const MOST_ROWS = 500;

/** A probability as per cent. */
export function percent(value) {
  return number(value, { style: "percent", maximumFractionDigits: 1, maximumSignificantDigits: undefined });
}

/**
 * Show one prediction.
 * @param {{labels: unknown[], classes: unknown[], scores: number[][], probabilities: number[][]|null, step: number}} answer
 */
export function oneResult(answer) {
  const { labels: [label], classes, probabilities, step } = answer;
  const [values] = probabilities ?? answer.scores;
  const shown = classes.map((name, i) => ({ name, value: values[i] }));
  if (shown.length > MOST_CLASSES) shown.sort((one, other) => other.value - one.value).splice(MOST_CLASSES);
  const share = scale(values, probabilities !== null);
  return h("div", { class: "stack" },
    h("p", { class: "use-verdict" }, h("span", { class: "hint" }, t("use.says")), h("strong", { id: "use-label" }, String(label))),
    h("ul", { class: "bars", "aria-label": t(probabilities ? "use.probabilities" : "use.scores") }, shown.map(({ name, value }) =>
      h("li", { class: name === label ? "bar-row chosen" : "bar-row" }, h("span", { class: "bar-name" }, String(name)), barOf(share(value)),
        h("span", { class: "number" }, probabilities ? percent(value) : number(value))))),
    probabilities ? null : h("p", { class: "hint" }, t("use.no_probabilities")),
    classes.length > MOST_CLASSES ? h("p", { class: "hint" }, t("use.likeliest", { count: MOST_CLASSES, all: classes.length })) : null,
    h("p", { class: "hint" }, t("use.by_step", { step })));
}

function scale(values, probable) {
  if (probable) return (value) => value;
  const low = Math.min(...values);
  const high = Math.max(...values);
  return (value) => (high > low ? (value - low) / (high - low) : 0.5);
}

function barOf(share) {
  const inner = h("span");
  inner.style.width = `${Math.round(share * 1000) / 10}%`;
  return h("span", { class: "bar", "aria-hidden": "true" }, inner);
}

/**
 * Show many predictions as a table.
 * @param {object} answer
 * @param {number[]} lines  the line of the text that each row stands on
 */
export function manyResults(answer, lines) {
  const { labels, classes, probabilities } = answer;
  const shown = labels.slice(0, MOST_ROWS);
  const cut = labels.length > MOST_ROWS ? h("p", { class: "hint" }, t("use.first_rows", { count: MOST_ROWS, all: labels.length })) : null;
  const sure = (i) => (probabilities ? probabilities[i][classes.indexOf(labels[i])] : null);
  const rows = shown.map((label, i) => h("tr", {}, h("th", { scope: "row", class: "number" }, number(lines[i])), h("td", {}, String(label)),
    probabilities ? h("td", {}, h("span", { class: "sure" }, barOf(sure(i)), h("span", { class: "number" }, percent(sure(i))))) : null));
  const head = [t("use.line"), t("use.label"), ...(probabilities ? [t("use.probability")] : [])];
  return h("div", { class: "stack" }, h("p", {}, counted(labels, classes)), cut, h("div", { class: "scroll use-table" }, h("table", { class: "table" },
    h("caption", { class: "visually-hidden" }, t("use.predictions")),
    h("thead", {}, h("tr", {}, head.map((word) => h("th", { scope: "col" }, word)))), h("tbody", {}, rows))));
}

/** How many rows fell to each class. */
function counted(labels, classes) {
  const counts = classes.map((name) => [name, labels.filter((label) => label === name).length]).filter(([, count]) => count);
  counts.sort((one, other) => other[1] - one[1]);
  return counts.slice(0, MOST_CLASSES).map(([name, count]) => `${name}: ${number(count)}`).join(" · ");
}
