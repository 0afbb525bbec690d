/** The lines of a comparison: one for each run, in its colour and dash; the raw line stays as a shadow of the smoothed one. */

import { series } from "../charts.js";
import { firstOn, withShadow } from "../charts/smooth.js";
import { rises } from "./format.js";

const ORDER = ["loss", "data_loss", "reg_loss", "smooth_loss", "val_loss", "train_accuracy", "val_accuracy", "val_perplexity",
  "learning_rate", "grad_norm", "update_ratio"];

/** The series that at least one run has, in a fixed order. */
export function seriesOf(entries) {
  const there = new Set(entries.flatMap(({ curves }) => Object.keys(curves.series).filter((name) => has(curves, name))));
  return ORDER.filter((name) => there.has(name));
}

/** Whether there is anything to draw of a series. */
export function has(curves, name) {
  return curves.series[name]?.some((value) => value !== null) ?? false;
}

/**
 * Make the lines.
 * @param {{name: string, curves: object, place: number, hidden: boolean}[]} entries  `place`: of the run, for its colour
 * @param {{metric: string, weight: number, x: string}} how
 */
export function linesOf(entries, { metric, weight, x }) {
  return entries.filter(({ curves, hidden }) => !hidden && has(curves, metric)).flatMap((entry) => {
    return withShadow(lineOf(entry, metric, x), weight, { dash: "solid" });
  });
}

function lineOf({ name, curves, place }, metric, x) {
  const { color, dash } = series(place);
  const from = firstOn(x, curves.steps);
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
