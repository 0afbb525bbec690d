/** Parallel coordinates: from what was asked for to what came of it. */

import { t } from "../i18n.js";
import { bestOf, measureName, measured, namesOf, outcomeOf, rises } from "./format.js";
import { compared, written } from "./settings.js";

const MOST = 7;
const NARROW = matchMedia("(max-width: 40rem)");
const MOST_NARROW = 2;

/** Of many settings that differ, those are drawn that every run has, and of these the ones that people turn most. */
const TURNED = ["optimizer.learning_rate", "model.hidden_sizes", "model.hidden_size", "model.reg", "model.dropout", "optimizer.kind",
  "model.kind", "training.batch_size", "training.steps", "dataset.kind"];
/** What follows from others, or is no value to read: drawn where there is room. */
const IDLE = new Set(["dataset.id", "training.log_every", "training.checkpoint_every"]);

/**
 * Make the trace.
 * @param {object[]} runs
 * @returns {{traces: object[], summary: string}|null} null if nothing differs
 */
export function parallel(runs) {
  const differing = compared(runs).filter(({ differs }) => differs).sort((one, other) => weight(one) - weight(other));
  if (!differing.length) return null;
  const fields = differing.slice(0, NARROW.matches ? MOST_NARROW : MOST);
  const outcome = outcomeOf(runs);
  const dimensions = [...fields.map(dimension), last(runs, outcome)];
  const trace = { type: "parcoords", dimensions, meta: { names: namesOf(runs) } };
  const told = [t("compare.differing", { count: differing.length })];
  if (fields.length < differing.length) told.push(t("compare.drawn", { count: fields.length }));
  return { traces: [trace], summary: [...told, winner(runs, outcome)].join(" ") };
}

function weight({ path, values }) {
  const at = TURNED.indexOf(path);
  if (IDLE.has(path)) return Infinity;
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

function last(runs, outcome) {
  const label = t("compare.best_of", { name: measureName(outcome) });
  return { label, values: runs.map((run) => bestOf(run, outcome)), written: (value) => measured(outcome, value) };
}

function winner(runs, outcome) {
  const known = runs.filter((run) => bestOf(run, outcome) !== null);
  if (!known.length) return t("compare.no_outcome");
  const way = rises(outcome) ? -1 : 1;
  const top = way * Math.min(...known.map((run) => way * bestOf(run, outcome)));
  const first = namesOf(runs).filter((_, i) => bestOf(runs[i], outcome) === top);
  return t("compare.winner", { name: first.join(", "), value: measured(outcome, top), measure: measureName(outcome) });
}
