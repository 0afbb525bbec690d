/** How runs and what is measured of them are written. */

import { h } from "../dom.js";
import { language, number, t } from "../i18n.js";

/** The series that a run can be judged by, the first one by default. */
export const MEASURES = ["loss", "val_accuracy", "val_loss", "train_accuracy", "val_perplexity"];

/** What runs are judged by beside each other, the most telling first. */
const OUTCOMES = ["val_accuracy", "train_accuracy", "val_loss", "loss"];

/** States from which a run may still change. */
export const ACTIVE = new Set(["queued", "running", "paused"]);

const BADGES = { queued: "", running: " badge-accent", paused: " badge-warn", succeeded: " badge-good", failed: " badge-bad", cancelled: "" };
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** A series by its name, as it stands within a sentence. */
export function measureName(measure) {
  return t(`runs.m_${measure}`).toLocaleLowerCase(language());
}

/** Whether more of a series is better. */
export function rises(measure) {
  return measure.endsWith("accuracy");
}

/** The best value of a series of a run; null if there is none. */
export function bestOf(run, measure) {
  return run.metrics[measure]?.best ?? null;
}

/** The most telling series that all of some runs have, apart from those that are not measured yet. */
export function outcomeOf(runs) {
  const begun = runs.filter((run) => bestOf(run, "loss") !== null);
  const common = (measure) => begun.every((run) => bestOf(run, measure) !== null);
  return begun.length ? OUTCOMES.find(common) : "loss";
}

/** The status of a run, with how far it is while it trains. */
export function statusBadge({ status, progress }) {
  const badge = h("span", { class: `badge${BADGES[status] ?? ""}` }, t(`runs.status_${status}`));
  if (status !== "running") return badge;
  const share = number(progress.fraction, { style: "percent", maximumSignificantDigits: undefined, maximumFractionDigits: 0 });
  return h("span", { class: "run-progress" }, badge, h("span", { class: "small muted number" }, share));
}

/** What a run is called, wherever it is named: its name, or the end of its id. */
export function nameOf({ id, name = null }) {
  return name ?? t("runs.unnamed", { id: id.slice(-6) });
}

/**
 * The names of runs that stand beside each other: those of the same name are told apart by their models, or else by their ids.
 * @param {object[]} runs
 * @returns {string[]}
 */
export function namesOf(runs) {
  const apart = (names, more) => names.map((name, i) => (names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} · ${more(runs[i])}`));
  return apart(apart(runs.map(nameOf), modelOf), (run) => `…${run.id.slice(-6)}`);
}

/** The model of a run in short: its kind and its layers. */
export function modelOf({ model }) {
  const sizes = model.hidden_sizes ?? (model.hidden_size ? [model.hidden_size] : []);
  return sizes.length ? `${model.kind} ${sizes.join("·")}` : model.kind;
}

/**
 * A value of a series: accuracies in per cent.
 * @param {string} measure
 * @param {number|null|undefined} value
 */
export function measured(measure, value) {
  if (value === null || value === undefined) return "–";
  if (!rises(measure)) return sized(value);
  return number(value, { style: "percent", maximumSignificantDigits: undefined, minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** A number of any size: very large and very small ones with an exponent. */
export function sized(value) {
  const far = value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-3);
  return far ? value.toExponential(1) : number(value);
}

/** Seconds in the two largest units, as the language writes them. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 10) return unit("second", Number(seconds.toPrecision(seconds < 1 ? 1 : 2)));
  const at = UNITS.findIndex(([, size]) => seconds >= size);
  const [name, size] = UNITS[at];
  const whole = Math.floor(seconds / size);
  const next = UNITS[at + 1];
  const rest = next ? Math.floor((seconds % size) / next[1]) : 0;
  return rest ? `${unit(name, whole)} ${unit(next[0], rest)}` : unit(name, whole);
}

function unit(name, value) {
  return number(value, { style: "unit", unit: name, unitDisplay: "short", maximumSignificantDigits: undefined, maximumFractionDigits: 3 });
}

/** A moment as a `<time>`, to the minute. */
export function moment(text) {
  if (!text) return "–";
  const date = new Date(text);
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  const short = new Intl.DateTimeFormat(language(), { year, month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
  return h("time", { datetime: text, class: "number" }, short.format(date));
}
