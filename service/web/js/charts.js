/** Charts: a figure with a title, a sentence that says what it shows, its buttons, the picture, and the same as a table. */

import { h, replace } from "./dom.js";
import { t } from "./i18n.js";
import { themes } from "./theme.js";
import { library, present } from "./charts/library.js";
import { Pace } from "./charts/pace.js";
import { parallelLayout, parallelTraces } from "./charts/parallel.js";
import { tableFrom, tableOf } from "./charts/table.js";
import { baseLayout, merged, resolved } from "./charts/theme.js";
import { thinned } from "./charts/thin.js";
import { tools } from "./charts/tools.js";

export { palette, series } from "./charts/palette.js";

const HEIGHT = 280;
const CONFIG = { displayModeBar: false, responsive: false, showTips: false, doubleClick: "reset" };
const MINOR = { ticks: "outside", ticklen: 2, showgrid: false, tickcolor: "var(--chart-line)" };
const NTICKS = { x: 5, y: 0 }; // of a logarithmic axis, so that labels side by side have room; 0: as many as fit
const LOG = { type: "log", tickformat: "~g", minor: MINOR };

let made = 0;

/**
 * Make a chart. Colours may be `var(--…)`: they follow the theme. It may be put into the page at once, the picture follows.
 * @param {Object} options
 * @param {string} [options.id]
 * @param {string} options.title
 * @param {string} [options.summary] one sentence that says what is to be seen
 * @param {Object[]} options.traces of plotly: lines, points, contour, heatmap; of `parcoords` lines over parallel axes are
 *   made, `meta.names` names them; `meta: {table: false}` leaves a trace out of the table
 * @param {Object} [options.layout] of plotly, laid over that of the page; `height` in pixels
 * @param {Object|Node[]} [options.controls] `{x, y}`: "linear" or "log", gives the axis a button; `onaxis(name, type)` is told;
 *   `table`: true begins with the table; `extra`: further nodes in the row of buttons (or just an array of them)
 * @param {function(): {columns: string[], rows: unknown[][]}} [options.table] the table, if not that of the traces
 * @param {function({x: unknown, y: unknown}): void} [options.onpoint] is told where the picture was clicked
 * @returns {{element: HTMLElement, update: function(Object): void, destroy: function(): void}}
 */
export function chart(options) {
  return new Chart(options).handle();
}

class Chart {
  constructor({ id, title, summary = "", traces = [], layout = {}, controls = {}, table = null, onpoint = null }) {
    Object.assign(this, { title, traces, layout, controls, content: table, onpoint });
    this.id = id ?? `chart-${(made += 1)}`;
    this.types = { x: controls.x, y: controls.y };
    this.revisions = { x: 0, y: 0 };
    this.asTable = controls.table === true;
    this.build(summary);
    this.pace = new Pace(this.element, () => (this.asTable ? this.fillTable() : this.draw()));
    this.showTable(this.asTable);
    this.sizes = new ResizeObserver(() => this.schedule());
    this.sizes.observe(this.plot);
    this.recolour = () => this.schedule();
    themes.addEventListener("change", this.recolour);
    library().then(() => this.schedule(), () => this.giveUp());
  }

  handle() {
    return { element: this.element, update: (changes) => this.update(changes), destroy: () => this.destroy() };
  }

  build(summary) {
    this.tools = tools(this.title, this.controls, {
      axis: (name, type) => this.setAxis(name, type),
      fit: () => this.fit(),
      table: (on) => this.showTable(on),
    });
    this.summary = h("p", { class: "chart-summary", id: `${this.id}-summary` }, summary);
    this.plot = h("div", { class: "chart-plot", role: "img", "aria-labelledby": `${this.id}-title ${this.id}-summary` });
    this.setLayout(this.layout);
    const region = { class: "chart-table", role: "region", tabindex: "0", hidden: true };
    this.table = h("div", { ...region, "aria-label": t("chart.table_of", { title: this.title }) });
    this.note = h("p", { class: "hint", hidden: true });
    const title = h("span", { class: "chart-title", id: `${this.id}-title` }, this.title);
    const head = h("figcaption", { class: "chart-head" }, title, this.tools.element);
    const figure = { class: "chart", id: this.id, "aria-labelledby": `${this.id}-title` };
    this.element = h("figure", figure, head, this.summary, this.note, this.plot, this.table);
  }

  /** Change it; it is drawn once, however often it is asked for until then. */
  update({ traces, layout, summary, axes }) {
    if (traces) this.traces = traces;
    if (layout) this.setLayout(layout);
    if (summary !== undefined && summary !== this.summary.textContent) this.summary.textContent = summary;
    for (const [name, type] of Object.entries(axes ?? {})) {
      if (this.types[name] !== type) this.setAxis(name, type, { quiet: true });
    }
    this.schedule();
  }

  setLayout(layout) {
    this.layout = layout;
    this.plot.style.minHeight = `${layout.height ?? HEIGHT}px`;
  }

  schedule() {
    this.pace.ask();
  }

  draw() {
    const width = this.plot.clientWidth;
    const nothing = !this.traces.length && !this.drawn;
    if (!present() || !this.element.isConnected || !width || nothing) return;
    const parallel = this.traces.some((trace) => trace.type === "parcoords");
    const traces = parallel ? parallelTraces(this.traces) : this.traces.map((trace) => thinned(trace));
    const over = parallel ? merged(parallelLayout(this.traces), this.layout) : this.layout;
    const base = { height: HEIGHT, ...baseLayout(this.element) };
    const whole = merged(merged(base, over), { width, ...this.axes(over) });
    const drawn = present().react(this.plot, traces.map((trace) => resolved(trace)), resolved(whole), CONFIG);
    if (!this.drawn) this.drawn = drawn.then(() => this.listen());
  }

  /** The axes as the buttons say. */
  axes(layout) {
    const of = (name) => ({
      ...(this.types[name] ? { type: this.types[name] } : {}),
      ...(this.types[name] === "log" || layout[`${name}axis`]?.type === "log" ? { nticks: NTICKS[name], ...LOG } : {}),
      uirevision: `${this.types[name]} ${this.revisions[name]}`,
    });
    return { xaxis: of("x"), yaxis: of("y") };
  }

  listen() {
    this.plot.on("plotly_relayout", (changed) => {
      const keys = Object.keys(changed);
      if (keys.some((key) => key.includes(".range"))) this.tools.zoomed(true);
      else if (keys.some((key) => key.includes("autorange"))) this.tools.zoomed(false);
    });
    if (this.onpoint) this.plot.on("plotly_click", ({ points: [point] }) => this.onpoint({ x: point.x, y: point.y }));
  }

  setAxis(name, type, { quiet = false } = {}) {
    this.types[name] = type;
    this.tools.showAxis(name, type);
    if (!quiet) this.controls.onaxis?.(name, type);
    this.schedule();
  }

  /** Show all of the data again, and follow them as they grow. */
  fit() {
    this.revisions = { x: this.revisions.x + 1, y: this.revisions.y + 1 };
    this.tools.zoomed(false);
    this.schedule();
  }

  showTable(on) {
    this.asTable = on;
    this.tools.showTable(on);
    this.plot.hidden = on;
    this.table.hidden = !on;
    if (on) this.fillTable();
    else this.schedule();
  }

  fillTable() {
    const { scrollTop } = this.table;
    replace(this.table, this.content ? tableFrom(this.content(), this.title) : tableOf(this.traces, this.title, this.layout));
    this.table.scrollTop = scrollTop;
  }

  /** Without the library the table says the same. */
  giveUp() {
    this.note.hidden = false;
    this.note.textContent = t("chart.unavailable");
    this.showTable(true);
  }

  destroy() {
    this.sizes.disconnect();
    themes.removeEventListener("change", this.recolour);
    this.pace.end();
    if (this.drawn) present()?.purge(this.plot);
  }
}
