/** The numbers of a chart as a real table. */

import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { named } from "./parallel.js";

const ROWS = 200;

/**
 * Make a table out of traces.
 * @param {Object[]} traces
 * @param {string} caption
 * @param {Object} layout its axis titles name the columns
 * @returns {HTMLElement}
 */
export function tableOf(traces, caption, layout = {}) {
  return tableFrom(contents(traces, layout), caption);
}

/**
 * Make a table of rows.
 * @param {{columns: string[], rows: unknown[][]}} content
 * @param {string} caption
 */
export function tableFrom({ columns, rows }, caption) {
  const shown = rows.length > ROWS ? evenly(rows) : rows;
  const words = { shown: shown.length, all: rows.length };
  const told = shown.length < rows.length ? h("p", { class: "hint" }, t("chart.rows", words)) : null;
  const head = h("tr", {}, columns.map((name) => h("th", { scope: "col" }, name)));
  const body = shown.map((row) =>
    h("tr", {}, row.map((value, i) => (i === 0 ? h("th", { scope: "row" }, cell(value)) : h("td", {}, cell(value))))),
  );
  const table = h("table", {}, h("caption", { class: "visually-hidden" }, caption), h("thead", {}, head), h("tbody", {}, body));
  return h("div", {}, told, table);
}

function contents(traces, layout) {
  const some = traces.filter((trace) => trace.visible !== false && trace.meta?.table !== false);
  if (some.some((trace) => trace.type === "parcoords")) return parallel(some.find((trace) => trace.type === "parcoords"));
  const grid = some.find((trace) => trace.z);
  if (grid) return matrix(grid);
  const across = layout.xaxis?.title?.text ?? "x";
  const lines = some.every((trace) => (trace.mode ?? "lines").includes("lines"));
  return lines ? side(some, across) : below(some, across, layout.yaxis?.title?.text ?? "y");
}

/** Lines over the same axis stand side by side. */
function side(traces, across) {
  const at = new Map();
  traces.forEach((trace, k) => {
    Array.from(trace.x ?? []).forEach((x, i) => {
      if (!at.has(x)) at.set(x, [x, ...traces.map(() => null)]);
      at.get(x)[k + 1] = trace.y[i];
    });
  });
  const rows = [...at.values()].sort((a, b) => a[0] - b[0]);
  return { columns: [across, ...traces.map((trace) => trace.name ?? "")], rows };
}

/** Points of several groups stand one below the other. */
function below(traces, across, up) {
  const rows = traces.flatMap((trace) => Array.from(trace.x ?? []).map((x, i) => [trace.name ?? "", x, trace.y[i]]));
  return { columns: [t("chart.group"), across, up], rows };
}

function matrix(trace) {
  const across = trace.x ?? trace.z[0]?.map((_, i) => i + 1) ?? [];
  const rows = trace.z.map((values, i) => [trace.y?.[i] ?? i + 1, ...values]);
  return { columns: [trace.meta?.corner ?? "", ...Array.from(across).map((value) => cell(value))], rows };
}

function parallel(trace) {
  const N = trace.dimensions[0]?.values.length ?? 0;
  const names = trace.meta?.names ?? trace.customdata ?? [];
  const rows = Array.from({ length: N }, (_, i) => [names[i] ?? i + 1, ...trace.dimensions.map((one) => named(one, one.values[i]))]);
  return { columns: [t("chart.series"), ...trace.dimensions.map((one) => one.label)], rows };
}

function evenly(rows) {
  return Array.from({ length: ROWS }, (_, i) => rows[Math.round((i * (rows.length - 1)) / (ROWS - 1))]);
}

function cell(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return typeof value === "number" ? number(value) : String(value);
}
