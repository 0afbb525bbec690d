/** Examples that look like a square picture are shown as one, of cells that are painted by pointer or by keyboard. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { plain } from "./target.js";

const SMALLEST = 36;
const LARGEST = 1024;

/**
 * Make a picture of the features, if they have the form of one: as many as a square has, all with about the same range.
 * @param {object[]} features
 * @param {(i: number, value: number) => void} onpaint
 * @returns {{element: HTMLElement, show: (values: number[]) => void}|null}
 */
export function picture(features, onpaint) {
  const top = brightest(features);
  return top > 0 ? new Picture(Math.sqrt(features.length), top, onpaint) : null;
}

/** The largest value of features that make a picture; 0 if they make none. */
function brightest(features) {
  const count = features.length;
  const top = Math.max(...features.map(({ max = NaN }) => max));
  if (!Number.isInteger(Math.sqrt(count)) || count < SMALLEST || count > LARGEST || !(top > 0)) return 0;
  const alike = features.filter(({ max }) => max >= top / 2).length;
  return features.some(({ min }) => min < 0) || alike < count / 2 ? 0 : top;
}

class Picture {
  constructor(side, top, onpaint) {
    Object.assign(this, { side, top, onpaint, at: 0 });
    this.values = new Array(side * side).fill(NaN);
    this.cells = this.values.map(() => h("span", { role: "gridcell", tabindex: "-1" }));
    this.cells[0].tabIndex = 0;
    this.element = this.build();
    this.show(new Array(side * side).fill(0));
  }

  build() {
    const rows = Array.from({ length: this.side }, (_, y) => h("div", { role: "row" }, this.cells.slice(y * this.side, (y + 1) * this.side)));
    const hint = h("p", { class: "hint", id: "use-paint" }, t("use.paint"));
    const listeners = {
      onpointerdown: (event) => this.touch(event),
      onpointermove: (event) => this.touch(event),
      oncontextmenu: (event) => event.preventDefault(),
      onkeydown: (event) => this.press(event),
      onfocusin: (event) => this.visit(this.cells.indexOf(event.target)),
    };
    const grid = h("div", { class: "use-picture", role: "grid", "aria-label": t("use.picture"), "aria-describedby": hint.id, ...listeners }, rows);
    grid.style.gridTemplateColumns = `repeat(${this.side}, 1fr)`;
    this.grid = grid;
    const clear = h("button", { type: "button", class: "small", onclick: () => this.values.forEach((_, i) => this.paint(i, 0)) }, t("use.clear_picture"));
    return h("div", { class: "use-drawing" }, grid, h("div", { class: "stack" }, hint, clear));
  }

  /** Show values that come from elsewhere. */
  show(values) {
    values.forEach((value, i) => this.set(i, Number.isFinite(value) ? value : 0));
  }

  set(i, value) {
    if (value === this.values[i]) return;
    this.values[i] = value;
    const level = Math.round(Math.min(1, Math.max(0, value / this.top)) * 255);
    this.cells[i].style.backgroundColor = `rgb(${level}, ${level}, ${level})`;
    const place = { row: Math.floor(i / this.side) + 1, column: (i % this.side) + 1, value: plain(value) };
    this.cells[i].setAttribute("aria-label", t("use.cell", place));
  }

  paint(i, value) {
    if (value === this.values[i]) return;
    this.set(i, value);
    this.onpaint(i, value);
  }

  /** Paint where the pointer is; with Shift or the right button rub out. */
  touch(event) {
    if (!event.buttons) return;
    if (event.type === "pointerdown") this.grid.setPointerCapture(event.pointerId);
    const box = this.grid.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((share) => Math.floor(share * this.side));
    if (Math.min(x, y) < 0 || Math.max(x, y) >= this.side) return;
    this.paint(y * this.side + x, event.shiftKey || event.buttons === 2 ? 0 : this.top);
  }

  /** The arrow keys move, space paints or rubs out. */
  press(event) {
    const { side, at } = this;
    const column = at % side;
    const moves = { ArrowLeft: column ? -1 : 0, ArrowRight: column < side - 1 ? 1 : 0, ArrowUp: -side, ArrowDown: side,
      Home: -column, End: side - 1 - column };
    if (event.key === " ") this.paint(at, this.values[at] > this.top / 2 ? 0 : this.top);
    else if (event.key in moves) (this.cells[at + moves[event.key]] ?? this.cells[at]).focus();
    else return;
    event.preventDefault();
  }

  /** Tab comes back to the cell that was last in use. */
  visit(i) {
    if (i < 0) return;
    this.cells[this.at].tabIndex = -1;
    this.cells[i].tabIndex = 0;
    this.at = i;
  }
}
