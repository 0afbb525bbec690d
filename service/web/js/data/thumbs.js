/** The generators as pictures to choose from. */

import { post } from "../api.js";
import { series } from "../charts.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";

const SVG = "http://www.w3.org/2000/svg";
const SIDE = 100;
const POINTS = 120;

/**
 * Make the choice among generators.
 * @param {string[]} kinds as the API lists them
 * @param {string} chosen
 * @param {{signal: AbortSignal, onchoose: function(string): void}} options
 */
export function thumbs(kinds, chosen, { signal, onchoose }) {
  const items = kinds.map((kind) => {
    const input = h("input", { type: "radio", name: "generator", value: kind, checked: kind === chosen, onChange: () => onchoose(kind) });
    const picture = h("span", { class: "thumb-picture", "aria-hidden": "true" });
    fill(picture, kind, signal);
    return h("label", { class: "thumb" }, input, picture, h("span", { class: "thumb-name" }, named(kind)));
  });
  return h("fieldset", { class: "thumbs-box" }, h("legend", { class: "visually-hidden" }, t("data.generator")), h("div", { class: "thumbs" }, items));
}

/** A generator's name in the language of the page; one that the page does not know has its own. */
export function named(kind) {
  const key = `data.kind_${kind}`;
  const text = t(key);
  return text === key ? kind : text;
}

async function fill(place, kind, signal) {
  try {
    const { rows, labels, classes } = await post("/v1/datasets/preview", { parameters: { kind }, limit: POINTS }, { signal });
    place.replaceChildren(picture(rows, labels, classes));
  } catch {
    place.textContent = "·"; // the name says enough; what is wrong, the big picture tells
  }
}

function picture(rows, labels, classes) {
  const svg = make("svg", { viewBox: `-6 -6 ${SIDE + 12} ${SIDE + 12}` });
  const [low, high] = [0, 1].map((axis) => [Math.min(...rows.map((row) => row[axis])), Math.max(...rows.map((row) => row[axis]))]);
  const scale = SIDE / Math.max(low[1] - low[0], high[1] - high[0]);
  rows.forEach((row, i) => {
    const cx = SIDE / 2 + (row[0] - (low[0] + low[1]) / 2) * scale;
    const cy = SIDE / 2 - (row[1] - (high[0] + high[1]) / 2) * scale;
    const dot = make("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r: 3.2 });
    dot.style.fill = series(classes.indexOf(labels[i])).color;
    svg.append(dot);
  });
  return svg;
}

function make(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
