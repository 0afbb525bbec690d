/** Colours and fonts of charts: whatever the page's custom properties say now. */

import { themes } from "../theme.js";
import { palette } from "./palette.js";

const VARIABLE = /^(var\(--|color-mix\()/;
const DATA = new Set(["z", "customdata", "hovertext", "values", "ids"]);
const NAMES = new Set(["x", "y", "name", "text", "tickvals", "ticktext"]);

let colours = new Map();
let probe = null;
themes.addEventListener("change", () => {
  colours = new Map();
});

/** Return a colour as `rgb(…)`, of a `var(…)` or `color-mix(…)` what it stands for in the present theme. */
export function colour(text) {
  if (!VARIABLE.test(text)) return text;
  if (!colours.has(text)) colours.set(text, measured(text));
  return colours.get(text);
}

/**
 * Copy a trace or a layout with every `var(…)` in it resolved, and with names as they are: the library takes what looks like a
 * tag for one, and gives links and styles to names of others' making. Arrays of numbers are shared, not copied.
 */
export function resolved(value, name = "") {
  if (NAMES.has(name)) return literal(value);
  if (typeof value === "string") return colour(value);
  if (DATA.has(name) || value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.length > 100 ? value : value.map((item) => resolved(item));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item, key)]));
}

function literal(value) {
  if (typeof value === "string") return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const named = Array.isArray(value) && value.some((one) => typeof one !== "number" && one !== null);
  return named ? value.map((one) => literal(one)) : value;
}

/** What every chart begins with. */
export function baseLayout(element) {
  const axis = {
    gridcolor: "var(--chart-grid)",
    linecolor: "var(--chart-line)",
    tickcolor: "var(--chart-line)",
    zeroline: false,
    automargin: true,
    exponentformat: "e", // a power of ten would be written with a style of its own, which the policy of the page forbids
    minexponent: 6,
    separatethousands: true,
    ticks: "outside",
    ticklen: 4,
    title: { standoff: 6 },
  };
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(element).fontFamily, size: 12, color: "var(--chart-ink)" },
    colorway: palette.map((entry) => entry.color),
    margin: { l: 52, r: 12, t: 12, b: 40 },
    xaxis: { ...axis, ticklabeloverflow: "allow" }, // the last label makes room for itself, instead of being left out
    yaxis: axis,
    legend: { orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" },
    hoverlabel: { bgcolor: "var(--chart-paper)", bordercolor: "var(--chart-line)", font: { color: "var(--chart-text)" } },
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    uirevision: "kept",
  };
}

/** Lay one object over another, deeply; arrays and null replace. */
export function merged(under, over) {
  if (over === undefined) return under;
  if (!plain(under) || !plain(over)) return over;
  const result = { ...under };
  for (const [key, value] of Object.entries(over)) result[key] = merged(under[key], value);
  return result;
}

function plain(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function measured(text) {
  probe ??= document.body.appendChild(Object.assign(document.createElement("span"), { hidden: true }));
  probe.style.color = text;
  return plainColour(getComputedStyle(probe).color);
}

/** What was mixed is told as `color(srgb 0.1 0.2 0.3)`, which the library does not read. */
function plainColour(text) {
  if (!text.startsWith("color(srgb")) return text;
  const [red, green, blue, alpha = 1] = text.match(/[\d.e-]+/g).map(Number);
  return `rgba(${[red, green, blue].map((share) => Math.round(255 * share)).join(", ")}, ${alpha})`;
}
