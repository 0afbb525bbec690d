/** Parallel coordinates as lines of a plain chart: plotly's own need WebGL and code made from text, which the page forbids. */

import { shortened } from "./names.js";
import { series } from "./palette.js";

const LONGEST = 40; // characters of a name in the legend
const WIDEST = 16; // and of a value at an axis

/** Return a line for each member of traces of type `parcoords`; each axis is scaled to 0 … 1. */
export function parallelTraces(traces) {
  return traces.filter((trace) => trace.type === "parcoords").flatMap(lines);
}

/** Return the layout that draws the axes and writes their names and ends. */
export function parallelLayout(traces) {
  const { dimensions } = traces.find((trace) => trace.type === "parcoords");
  return {
    xaxis: {
      tickvals: dimensions.map((_, i) => i),
      ticktext: dimensions.map((dimension) => dimension.label),
      range: [-0.3, dimensions.length - 0.7],
      showgrid: true,
      gridcolor: "var(--chart-line)",
      fixedrange: true,
      ticks: "",
      side: "top",
      ticklabelstandoff: 18,
    },
    yaxis: { visible: false, range: [-0.04, 1.04], fixedrange: true },
    margin: { l: 24, r: 24, t: 56, b: 32 },
    hovermode: "closest",
    legend: { y: -0.08, yanchor: "top" },
    annotations: dimensions.flatMap(labels),
  };
}

function lines(trace) {
  const { dimensions } = trace;
  const N = dimensions[0]?.values.length ?? 0;
  const names = trace.meta?.names ?? trace.customdata ?? [];
  return Array.from({ length: N }, (_, i) => {
    const { color, symbol } = series(i);
    return {
      type: "scatter",
      mode: "lines+markers",
      name: shortened(String(names[i] ?? i + 1), LONGEST),
      x: dimensions.map((_, k) => k),
      y: dimensions.map((dimension) => scaled(dimension, dimension.values[i])),
      text: dimensions.map((dimension) => `${dimension.label}: ${named(dimension, dimension.values[i])}`),
      hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
      line: { color, width: 2 },
      marker: { color, symbol, size: 8 },
      connectgaps: false,
    };
  });
}

function range({ range: given, values, tickvals }) {
  const there = [...(given ?? [...values, ...(tickvals ?? [])])].filter((value) => Number.isFinite(value));
  return there.length ? [Math.min(...there), Math.max(...there)] : [NaN, NaN];
}

function scaled(dimension, value) {
  if (!Number.isFinite(value)) return null;
  const [low, high] = range(dimension);
  return high > low ? (value - low) / (high - low) : 0.5;
}

/** The ends of an axis, above and below it; beside it the names between them, or the one value that all have. */
function labels(dimension, i) {
  const [low, high] = range(dimension);
  const text = (value) => shortened(named(dimension, value), WIDEST);
  const label = (value) => ({ showarrow: false, xref: "x", x: i, text: text(value) });
  const end = (y, yanchor, value) => ({ ...label(value), yref: "paper", y, yanchor });
  const beside = (value) => ({ ...label(value), yref: "y", y: scaled(dimension, value) ?? 0.5, xanchor: "left", xshift: 8, yshift: 10 });
  if (!(high > low)) return [beside(low)];
  const between = (dimension.tickvals ?? []).filter((value) => value > low && value < high);
  return [end(1, "bottom", high), end(0, "top", low), ...between.map(beside)];
}

/** A value of a dimension as a text. */
export function named({ tickvals, ticktext, written = String }, value) {
  const at = tickvals?.indexOf(value) ?? -1;
  if (at >= 0 && ticktext) return String(ticktext[at]);
  return Number.isFinite(value) ? written(value) : "–";
}
