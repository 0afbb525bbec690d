/** The lines of a run's charts. */

import { t } from "../i18n.js";
import { series as look } from "../charts.js";
import { firstOn, withShadow } from "../charts/smooth.js";

const LOOKS = { val_loss: 1, data_loss: 2, reg_loss: 3, smooth_loss: 4, val_accuracy: 1, val_perplexity: 1 };
const MAIN = new Set(["loss", "val_loss", "train_accuracy", "val_accuracy", "val_perplexity", "smooth_loss"]);

/**
 * Return the lines of some series; smoothed ones keep the raw line as a shadow.
 * @param {History} history
 * @param {string[]} names
 * @param {number} weight of the smoothing, 0 … 0.999
 * @param {string} x "linear" or "log"
 */
export function lines(history, names, weight, x = "linear") {
  const gap = marker(history);
  return names.filter((name) => history.has(name)).flatMap((name) => {
    const line = lineOf(history, name, x);
    return [...withShadow(line, weight), ...gap(name, line)];
  });
}

function lineOf(history, name, x) {
  const { color, dash } = look(LOOKS[name] ?? 0);
  const from = firstOn(x, history.steps);
  const few = history.steps.length < 40;
  return {
    type: "scatter",
    mode: few ? "lines+markers" : "lines",
    name: t(`watch.series_${name}`),
    x: from ? history.steps.slice(1) : history.steps,
    y: from ? history.series[name].slice(1) : history.series[name],
    line: { color, dash: MAIN.has(name) ? "solid" : dash, width: MAIN.has(name) ? 2 : 1.5 },
    marker: { size: 4, color },
    connectgaps: true,
    hovertemplate: "%{y:.4~g}",
  };
}

/** Crosses where a series left the finite numbers, at the height of its last finite point. */
function marker(history) {
  return (name, line) => {
    const lost = history.nonfinite[name] ?? [];
    if (!lost.length) return [];
    const finite = line.y.filter((value) => value !== null && Number.isFinite(value));
    return [{
      type: "scatter",
      mode: "markers",
      name: t("watch.not_finite", { name: line.name }),
      x: lost.slice(0, 50).map(({ step }) => step),
      y: lost.slice(0, 50).map(() => finite.at(-1) ?? 1),
      text: lost.slice(0, 50).map(({ kind }) => kind),
      hovertemplate: "%{text}",
      marker: { symbol: "x", size: 11, color: "var(--bad)" },
      meta: { table: false },
    }];
  };
}

/** A level across the chart, such as the loss of guessing. */
export function level(history, value, name) {
  if (value === null || value === undefined || !history.steps.length) return [];
  const first = history.steps.find((step) => step > 0) ?? 1;
  const x = [history.steps[0], first, Math.max(first, history.last)];
  const line = { color: "var(--chart-ink)", dash: "dot", width: 1.5 };
  const quiet = { hovertemplate: "%{y:.4~g}", meta: { table: false } };
  return [{ type: "scatter", mode: "lines", name, x, y: [value, value, value], line, ...quiet }];
}

/** A star at the best point of a series. */
export function best(run, history, name) {
  const at = run.metrics[name];
  if (!at || at.best_step === null || at.best === null || !history.has(name)) return [];
  return [{ type: "scatter", mode: "markers", name: t("watch.best", { step: at.best_step }), x: [at.best_step], y: [at.best],
    marker: { symbol: "star", size: 14, color: "var(--warn)", line: { color: "var(--chart-paper)", width: 1.5 } },
    hovertemplate: "%{y:.4~g}", meta: { table: false } }];
}

/** A line down where the run ended before its last step. */
export function endShape(run) {
  const early = run.stop_reason && run.progress.step < run.progress.steps;
  if (!early || !run.progress.step) return [];
  const { step } = run.progress;
  const line = { color: "var(--chart-ink)", dash: "dash", width: 1 };
  return [{ type: "line", xref: "x", yref: "paper", x0: step, x1: step, y0: 0, y1: 1, line }];
}
