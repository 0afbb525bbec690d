/** What a model of two features says everywhere, as traces: a filled contour for each class, and how sure it is. */

import { t } from "../i18n.js";
import { series } from "../charts.js";

const BANDS = 6;
const PALEST = 14; // per cent of the class's colour where it is least sure
const STRONGEST = 58;

/**
 * Return the regions of a decision boundary.
 * @param {{x: number[], y: number[], predicted: number[][], probability: number[][]|null, classes: (string|number)[]}} grid
 */
export function regions(grid) {
  const there = new Set(grid.predicted.flat());
  return [...grid.classes.map((_, k) => k).filter((k) => there.has(k)).map((k) => area(grid, k)), answers(grid)];
}

/**
 * One class, the stronger the surer: its margin over chance is positive inside and negative outside, so that the edge falls
 * between grid points. What is below the first level is clear.
 */
function area({ x, y, predicted, probability, classes }, k) {
  const chance = 1 / classes.length;
  const margin = (i, j) => (probability ? Math.max(probability[i][j] - chance, 1e-3) : 1);
  const z = predicted.map((row, i) => row.map((found, j) => (found === k ? margin(i, j) : -margin(i, j))));
  const bands = probability ? BANDS : 1;
  const size = (1 - chance) / BANDS;
  return {
    type: "contour", x, y, z, name: String(classes[k]), showscale: false, showlegend: false, hoverinfo: "skip",
    autocontour: false, contours: { coloring: "fill", showlines: false, start: 0, end: (bands - 1) * size, size },
    colorscale: shades(series(k).color, bands), line: { smoothing: 0.6 }, meta: { table: false },
  };
}

/** The colours of the bands: clear below the first level, then from pale to strong. */
function shades(color, bands) {
  const shade = (i) => PALEST + ((STRONGEST - PALEST) * i) / Math.max(1, bands - 1);
  const shown = Array.from({ length: bands }, (_, i) => {
    const share = bands === 1 ? (PALEST + STRONGEST) / 2 : shade(i);
    return [(i + 1) / bands, `color-mix(in srgb, ${color} ${share.toFixed(0)}%, var(--chart-paper))`];
  });
  return [[0, "rgba(0, 0, 0, 0)"], ...shown];
}

/** Nothing to be seen, but what the pointer finds. */
function answers({ x, y, predicted, probability, classes }) {
  const text = predicted.map((row, i) => row.map((k, j) => {
    const share = probability ? ` ${(100 * probability[i][j]).toFixed(1)} %` : "";
    return `${t("watch.class")} ${classes[k]}${share}`;
  }));
  const quiet = { showscale: false, showlegend: false, meta: { table: false } };
  const level = { start: -1, end: -1, size: 1 }; // left to the library it may be missing in a second drawing: an error
  const unseen = { autocontour: false, contours: { coloring: "none", ...level }, line: { width: 0 }, ...quiet };
  return { type: "contour", x, y, z: predicted, text, hovertemplate: "%{text}<extra></extra>", ...unseen };
}

/**
 * Return the examples as points of their classes; those that were held out are hollow.
 * @param {{x: number[], y: number[], label: number[], held_out: boolean[]}} examples
 * @param {(string|number)[]} classes
 */
export function points(examples, classes) {
  return classes.flatMap((name, k) => [false, true].map((hollow) => group(examples, name, k, hollow)));
}

function group({ x, y, label, held_out: held }, name, k, hollow) {
  const rows = label.flatMap((one, i) => (one === k && held[i] === hollow ? [i] : []));
  const { color, symbol } = series(k);
  const edge = hollow ? { width: 1.75, color } : { width: 0.75, color: "var(--chart-paper)" };
  return {
    type: "scatter", mode: "markers", name: String(name), legendgroup: String(k), showlegend: !hollow,
    x: rows.map((i) => x[i]),
    y: rows.map((i) => y[i]),
    marker: { color, size: 7, symbol: hollow ? `${symbol}-open` : symbol, line: edge },
    hovertemplate: "%{x:.4~g}, %{y:.4~g}<extra>%{fullData.name}</extra>",
  };
}

/** The place that was asked about. */
export function spot(place) {
  if (!place) return [];
  const color = "var(--chart-text)";
  const marker = { symbol: "circle-open", size: 18, color, line: { width: 2.5, color } };
  const quiet = { hoverinfo: "skip", showlegend: false, meta: { table: false } };
  return [{ type: "scatter", mode: "markers", name: t("watch.asked"), x: [place.x], y: [place.y], marker, ...quiet }];
}
