/** Examples that look like a square picture are drawn as one, and can be painted on; the number fields do the same by keyboard. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

const SMALLEST = 36;
const LARGEST = 1024;
const PIXELS = 240;

/**
 * Make a picture of the features, if they have the form of one: as many as a square has, all with about the same range.
 * @param {object[]} features
 * @param {(i: number, value: number) => void} onpaint
 * @returns {{element: HTMLElement, show: (values: number[]) => void}|null}
 */
export function picture(features, onpaint) {
  const side = Math.sqrt(features.length);
  const top = Math.max(...features.map(({ max = NaN }) => max));
  if (!Number.isInteger(side) || features.length < SMALLEST || features.length > LARGEST || !(top > 0)) return null;
  const alike = features.filter(({ max }) => max >= top / 2).length;
  if (features.some(({ min }) => min < 0) || alike < features.length / 2) return null;
  const canvas = h("canvas", { class: "use-picture", width: side, height: side, role: "img", "aria-label": t("use.picture") });
  canvas.style.width = `${PIXELS}px`;
  const values = new Array(features.length).fill(0);
  const paint = (event) => {
    if (!event.buttons) return;
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top].map((at) => Math.floor((at / box.width) * side));
    if (x < 0 || y < 0 || x >= side || y >= side) return;
    const i = y * side + x;
    const value = event.shiftKey || event.buttons === 2 ? 0 : top;
    if (values[i] === value) return;
    values[i] = value;
    draw(canvas, values, top);
    onpaint(i, value);
  };
  canvas.addEventListener("pointerdown", (event) => (canvas.setPointerCapture(event.pointerId), paint(event)));
  canvas.addEventListener("pointermove", paint);
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  const clear = h("button", { type: "button", class: "small", onclick: () => values.forEach((value, i) => {
    if (value === 0) return;
    values[i] = 0;
    onpaint(i, 0);
    draw(canvas, values, top);
  }) }, t("use.clear_picture"));
  const show = (row) => {
    row.forEach((value, i) => {
      values[i] = Number.isFinite(value) ? value : 0;
    });
    draw(canvas, values, top);
  };
  return { element: h("div", { class: "use-drawing" }, canvas, h("div", { class: "stack" }, h("p", { class: "hint" }, t("use.paint")), clear)), show };
}

function draw(canvas, values, top) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  values.forEach((value, i) => {
    const grey = Math.round(Math.min(1, Math.max(0, value / top)) * 255);
    image.data.set([grey, grey, grey, 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
}
