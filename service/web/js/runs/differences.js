/** The table of a comparison: what came of each run, what was asked for, and its files. */

import { series } from "../charts.js";
import { h, replace } from "../dom.js";
import { number, t } from "../i18n.js";
import { href } from "../router.js";
import { MEASURES, bestOf, duration, measureName, measured, namesOf, rises, statusBadge } from "./format.js";
import { fileLink } from "../shell/files.js";
import { compared, written } from "./settings.js";

const FILES = ["npz", "safetensors", "onnx"];

/**
 * Make the table.
 * @param {(error: Error) => void} fail  told when a file cannot be had
 * @returns {{element: HTMLElement, show: (runs: object[], all: boolean) => void}}
 */
export function differences(fail) {
  const table = h("table", { class: "table compare-table" });
  const element = h("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": t("compare.table") }, table);
  const show = (runs, all) => {
    const fields = compared(runs).filter(({ differs }) => differs || all);
    replace(table, h("caption", { class: "visually-hidden" }, t("compare.table")), head(runs),
      group(t("compare.results"), results(runs), runs.length),
      group(t(all ? "compare.settings" : "compare.different"), fields.map(fieldRow), runs.length, t("compare.same")),
      group(t("compare.files"), [filesRow(runs, fail)], runs.length));
  };
  return { element, show };
}

function head(runs) {
  const called = namesOf(runs);
  const names = runs.map((run, i) => h("th", { scope: "col" }, h("span", { class: "compare-name" }, swatch(i),
    h("a", { href: href(`/runs/${run.id}`) }, called[i]))));
  return h("thead", {}, h("tr", {}, h("td", {}, h("span", { class: "visually-hidden" }, t("compare.field"))), names));
}

/** The colour and dash of a run, as its line has them. */
export function swatch(place) {
  const mark = h("span", { class: "swatch", "aria-hidden": "true" });
  const { color, dash } = series(place);
  mark.style.borderTopColor = color;
  mark.style.borderTopStyle = { solid: "solid", dot: "dotted" }[dash] ?? "dashed";
  return mark;
}

function group(title, rows, count, none = "") {
  const label = h("tr", { class: "compare-group" }, h("th", { scope: "colgroup", colspan: count + 1 }, title));
  const empty = rows.length || !none ? null : h("tr", {}, h("td", { class: "muted", colspan: count + 1 }, none));
  return h("tbody", {}, label, rows, empty);
}

function row(label, cells, props = {}) {
  return h("tr", props, h("th", { scope: "row" }, label), cells.map((cell) => h("td", {}, cell)));
}

function results(runs) {
  const there = MEASURES.filter((name) => runs.some((run) => bestOf(run, name) !== null));
  return [row(t("runs.c_status"), runs.map(statusBadge)), ...there.map((name) => bestRow(name, runs)),
    row(t("compare.steps"), runs.map((run) => number(run.progress.step))),
    row(t("runs.c_duration"), runs.map((run) => duration(run.started_at ? run.progress.training_seconds : null)))];
}

function bestRow(name, runs) {
  const values = runs.map((run) => bestOf(run, name));
  const known = values.filter((value) => value !== null);
  const top = rises(name) ? Math.max(...known) : Math.min(...known);
  const cells = values.map((value, i) => {
    const text = measured(name, value);
    if (value === null) return text;
    const at = h("span", { class: "muted small" }, ` ${t("compare.at", { step: runs[i].metrics[name].best_step ?? 0 })}`);
    return value === top && known.length > 1 ? [h("strong", { class: "compare-best" }, text, h("span", { class: "visually-hidden" }, ` ${t("compare.best")}`)), at] : [text, at];
  });
  return row(t("compare.best_of", { name: measureName(name) }), cells);
}

function fieldRow({ path, values, differs }) {
  const cells = values.map((value) => h("span", { class: "mono" }, value === undefined ? "–" : written(value)));
  return row(h("code", {}, path), cells, { class: differs ? "differs" : null });
}

function filesRow(runs, fail) {
  const called = namesOf(runs);
  return row(t("compare.take"), runs.map((run, i) => {
    const name = called[i];
    const models = FILES.map((format) => fileLink(format, `/v1/runs/${run.id}/export?format=${format}`, `${run.id}.${format}`, fail,
      t("compare.file_label", { format, name })));
    const curves = fileLink("csv", `/v1/runs/${run.id}/metrics.csv`, `${run.id}.csv`, fail, t("compare.curves_label", { name }));
    return h("span", { class: "compare-files" }, models, curves);
  }));
}
