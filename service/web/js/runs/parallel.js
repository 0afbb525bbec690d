/** Parallel coordinates: from what was asked for to what came of it. */

import { t } from "../i18n.js";
import { measureName, measured, nameOf, rises } from "./format.js";
import { compared, written } from "./settings.js";

const OUTCOMES = ["val_accuracy", "train_accuracy", "val_loss", "loss"];
const MOST = 7;
const IDLE = new Set(["dataset.id", "training.log_every", "training.checkpoint_every"]);

/**
 * Make the trace.
 * @param {object[]} runs
 * @returns {{traces: object[], summary: string}|null} null if nothing differs
 */
export function parallel(runs) {
  const fields = compared(runs).filter(({ path, differs }) => differs && !IDLE.has(path)).slice(0, MOST);
  if (!fields.length) return null;
  const outcome = OUTCOMES.find((name) => runs.some((run) => best(run, name) !== null)) ?? OUTCOMES.at(-1);
  const dimensions = [...fields.map(dimension), last(runs, outcome)];
  const trace = { type: "parcoords", dimensions, meta: { names: runs.map(nameOf) } };
  return { traces: [trace], summary: summary(runs, fields, outcome) };
}

function dimension({ path, values }) {
  const label = path.replace(/^(model|optimizer|training|dataset)\./, (part) => (path.endsWith(".kind") ? part : ""));
  if (values.every((value) => typeof value === "number")) return { label, values };
  const names = [...new Set(values.map((value) => (value === undefined || value === null ? "–" : written(value))))];
  const places = values.map((value) => names.indexOf(value === undefined || value === null ? "–" : written(value)));
  return { label, values: places, tickvals: names.map((_, i) => i), ticktext: names };
}

function best(run, name) {
  return run.metrics[name]?.best ?? null;
}

function last(runs, outcome) {
  return { label: t("compare.best_of", { name: measureName(outcome) }), values: runs.map((run) => best(run, outcome)) };
}

function summary(runs, fields, outcome) {
  const known = runs.filter((run) => best(run, outcome) !== null);
  if (!known.length) return t("compare.no_outcome");
  const way = rises(outcome) ? -1 : 1;
  const [winner] = [...known].sort((one, other) => way * (best(one, outcome) - best(other, outcome)));
  return t("compare.parallel_summary", { count: fields.length, name: nameOf(winner), value: measured(outcome, best(winner, outcome)),
    measure: measureName(outcome) });
}
