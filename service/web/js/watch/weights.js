/** The first layer as pictures, of data whose features are the pixels of a square. */

import { request } from "../api.js";
import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { themes } from "../theme.js";
import { colour } from "../charts/theme.js";
import { cardHead } from "./parts.js";
import { tensor } from "./safetensors.js";
import { throttled } from "./throttle.js";

const SMALLEST = 16;
const SHOWN = 40;
const MOST = 4_000_000;
const PAUSE_MS = 4000;
const ANY = { Accept: "*/*" };

/** Return the side of the pictures that a run's features make, 0 if they make none. */
export function side(run) {
  const D = run.data.features.length;
  const root = Math.sqrt(D);
  const units = run.model.hidden_sizes?.[0] ?? run.data.classes.length;
  return run.model.kind !== "char_rnn" && D >= SMALLEST && Number.isInteger(root) && D * units <= MOST ? root : 0;
}

/** Make the card; it follows the checkpoints. */
export function weights(feed, fail) {
  const pixels = side(feed.run);
  const grid = h("ul", { class: "weights" });
  const linear = !feed.run.model.hidden_sizes?.length;
  let found = null;
  const query = { format: "safetensors" };
  const load = throttled(async () => {
    try {
      const options = { query, as: "response", signal: feed.signal, headers: ANY };
      const response = await request("GET", `${feed.path}/export`, options);
      found = tensor(await response.arrayBuffer(), "W1");
      draw();
    } catch (error) {
      if (!feed.signal.aborted && error.status !== 0) fail(error);
    }
  }, PAUSE_MS, feed.signal);
  const draw = () => found && replace(grid, pictures(found, pixels, linear ? feed.run.data.classes : null));
  feed.on("checkpoints", () => feed.checkpoints.length && load());
  themes.addEventListener("change", draw, { signal: feed.signal });
  if (feed.checkpoints.length) load();
  const title = cardHead(t("watch.weights"), () => ({ method: "GET", path: `${feed.path}/export`, query }));
  const text = h("p", { class: "muted" }, t(linear ? "watch.weights_classes" : "watch.weights_units"));
  return h("section", { class: "card", id: "weights" }, title, text, grid, scale());
}

function pictures({ shape: [D, H], data }, pixels, classes) {
  const most = data.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-12);
  const colours = ["var(--series-2)", "var(--chart-paper)", "var(--series-1)"].map(channels);
  return Array.from({ length: Math.min(H, SHOWN) }, (_, unit) => {
    const column = Array.from({ length: D }, (__, i) => data[i * H + unit] / most);
    const name = classes ? String(classes[unit]) : String(unit + 1);
    const label = t(classes ? "watch.weights_class" : "watch.weights_unit", { name });
    const under = h("span", { class: "small muted", "aria-hidden": "true" }, name);
    return h("li", {}, picture(column, pixels, colours, label), under);
  });
}

function picture(column, pixels, [low, zero, high], label) {
  const canvas = h("canvas", { width: pixels, height: pixels, role: "img", "aria-label": label });
  const image = new ImageData(pixels, pixels);
  column.forEach((value, i) => {
    const to = value < 0 ? low : high;
    const far = Math.sqrt(Math.abs(value)); // small weights are to be seen too
    for (let c = 0; c < 3; c += 1) image.data[4 * i + c] = zero[c] + far * (to[c] - zero[c]);
    image.data[4 * i + 3] = 255;
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function channels(text) {
  return colour(text).match(/[\d.]+/g).slice(0, 3).map(Number);
}

function scale() {
  const swatch = (which) => h("span", { class: `weights-swatch weights-${which}`, "aria-hidden": "true" });
  return h("p", { class: "hint row" }, swatch("low"), t("watch.negative"), swatch("high"), t("watch.positive"));
}
