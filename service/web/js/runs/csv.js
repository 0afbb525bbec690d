/** A comparison as a table for other programs. */

import { MEASURES } from "./format.js";
import { compared, written } from "./settings.js";

const PARTS = ["last", "best", "best_step"];

/**
 * Write runs as CSV: a row for each, with all that was asked for and what came of it.
 * @param {object[]} runs
 * @returns {string}
 */
export function csvOf(runs) {
  const fields = compared(runs);
  const measures = MEASURES.filter((name) => runs.some((run) => run.metrics[name]));
  const head = ["id", "name", "status", ...fields.map(({ path }) => path),
    ...measures.flatMap((name) => PARTS.map((part) => `${name}.${part}`)), "training_seconds", "created_at"];
  const rows = runs.map((run, i) => [run.id, run.name, run.status, ...fields.map(({ values }) => written(values[i])),
    ...measures.flatMap((name) => PARTS.map((part) => run.metrics[name]?.[part])), run.progress.training_seconds, run.created_at]);
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/**
 * Write a cell of CSV.
 * @param {unknown} value
 */
export function cell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
