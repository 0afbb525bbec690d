/** Parallel coordinates: from what was asked for to what came of it. */

import { t } from "../i18n.js";
import { measureName, measured, namesOf, rises } from "./format.js";
import { compared, written } from "./settings.js";

const OUTCOMES = ["val_accuracy", "train_accuracy", "val_loss", "loss"];
const MOST = 7;
const IDLE = new Set(["dataset.id", "training.log_every", "training.checkpoint_every"]);

/** Of many settings that differ, those are shown that every run has, and of these the ones that people turn most. */
const TURNED = ["optimizer.learning_rate", "model.hidden_sizes", "model.hidden_size", "model.reg", "model.dropout", "optimizer.kind",
  "model.kind", "training.batch_size", "training.steps", "dataset.kind"];

/**
 * Make the trace.
 * @param {object[]} runs
 * @returns {{traces: object[], summary: string}|null} null if nothing differs
 */
export function parallel(runs) {
  const differing = compared(runs).filter(({ path, differs }) => differs && !IDLE.has(path));
  const fields = differing.sort((one, other) => weight(one) - weight(other)).slice(0, MOST);
  if (!fields.length) return null;
  const outcome = OUTCOMES.find((name) => runs.some((run) => best(run, name) !== null)) ?? OUTCOMES.at(-1);
  const dimensions = [...fields.map(dimension), last(runs, outcome)];
  const trace = { type: "parcoords", dimensions, meta: { names: namesOf(runs) } };
  return { traces: [trace], summary: summary(runs, differing, outcome) };
}

function weight({ path, values }) {
  const at = TURNED.indexOf(path);
  return (values.includes(undefined) ? TURNED.length + 1 : 0) + (at < 0 ? TURNED.length : at);
}

function dimension({ path, values }) {
  const label = path.replace(/^(model|optimizer|training|dataset)\./, (part) => (path.endsWith(".kind") ? part : ""));
  if (values.every((value) => typeof value === "number")) return { label, values };
  const texts = values.map((value) => (value === undefined || value === null ? "–" : written(value)));
  const names = [...new Set(texts)].sort(new Intl.Collator("en", { numeric: true }).compare);
  const places = texts.map((text) => names.indexOf(text));
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
  return t("compare.parallel_summary", { count: fields.length, name: namesOf(runs)[runs.indexOf(winner)], value: measured(outcome, best(winner, outcome)),
    measure: measureName(outcome) });
}
