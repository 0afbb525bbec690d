/** The lines of a comparison: one for each run, in its colour and dash; the raw line stays as a shadow of the smoothed one. */

import { series } from "../charts.js";
import { smoothed } from "../watch/history.js";
import { rises } from "./format.js";

const ORDER = ["loss", "data_loss", "reg_loss", "smooth_loss", "val_loss", "train_accuracy", "val_accuracy", "val_perplexity",
  "learning_rate", "grad_norm", "update_ratio"];

/** The series that at least one run has, in a fixed order. */
export function seriesOf(entries) {
  const there = new Set(entries.flatMap(({ curves }) => Object.keys(curves.series).filter((name) => has(curves, name))));
  return ORDER.filter((name) => there.has(name));
}

function has(curves, name) {
  return curves.series[name]?.some((value) => value !== null) ?? false;
}

/**
 * Make the lines.
 * @param {{name: string, curves: object, place: number, hidden: boolean}[]} entries  `place`: of the run, for its colour
 * @param {{metric: string, weight: number, x: string}} how
 */
export function linesOf(entries, { metric, weight, x }) {
  return entries.filter(({ curves, hidden }) => !hidden && has(curves, metric)).flatMap((entry) => {
    const line = lineOf(entry, metric, x);
    return weight > 0 ? [shadow(line), { ...line, y: smoothed(line.y, weight) }] : [line];
  });
}

function lineOf({ name, curves, place }, metric, x) {
  const { color, dash } = series(place);
  const from = x === "log" && curves.steps[0] === 0 ? 1 : 0; // step 0 is not on a logarithmic axis
  return {
    type: "scatter",
    mode: "lines",
    name,
    x: curves.steps.slice(from),
    y: curves.series[metric].slice(from),
    line: { color, dash, width: 2 },
    connectgaps: true,
    hovertemplate: rises(metric) ? "%{y:.1%}" : "%{y:.4~g}",
  };
}

function shadow(line) {
  return { ...line, opacity: 0.25, line: { ...line.line, width: 1, dash: "solid" }, showlegend: false, hoverinfo: "skip",
    hovertemplate: undefined, meta: { table: false } };
}
