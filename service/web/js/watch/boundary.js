/** The decision boundary under the points: live while the run trains, and at each of its checkpoints. */

import { get } from "../api.js";
import { chart } from "../charts.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { ask } from "./ask.js";
import { ended } from "./feed.js";
import { cardHead } from "./parts.js";
import { points, regions, spot } from "./regions.js";
import { throttled } from "./throttle.js";

const LIVE_MS = 1200;
const LONGEST_MS = 5000; // a page that was busy must not take the server for slow
const SLIDE_MS = 60;
const RESOLUTION = 80;
const KEPT = 40;
const LEGEND = 62; // pixels: a hundred classes leave room for the picture

/** Make the card of a run of two features. */
export function boundary(feed, settings, fail) {
  return new BoundaryCard(feed, settings, fail).element;
}

class BoundaryCard {
  grids = new Map();
  examples = null;
  grid = null;
  place = null;
  asked = null; // the step that the slider was last put on

  constructor(feed, settings, fail) {
    Object.assign(this, { feed, settings, fail });
    this.slow = 0;
    this.load = throttled(() => this.read(), () => this.pause(), feed.signal);
    this.asker = ask(feed, () => this.wanted, (place) => this.mark(place));
    const about = { id: "boundary-chart", title: t("watch.regions"), summary: t("watch.boundary_wait") };
    this.chart = chart({ ...about, traces: [], layout: this.layout(), onpoint: (place) => this.asker.ask(place) });
    this.build();
    feed.on("points", () => this.settings.step === null && !ended(feed.run) && this.load());
    feed.on("checkpoints", () => this.slide());
    feed.on("run points", () => ended(feed.run) && this.behind && this.load());
    settings.addEventListener("change", () => settings.step !== this.asked && this.slide(), { signal: feed.signal });
    feed.signal.addEventListener("abort", () => this.chart.destroy());
    this.slide();
  }

  build() {
    this.slider = h("input", { type: "range", id: "checkpoint", min: 0, step: 1 });
    this.output = h("output", { for: "checkpoint", class: "number" });
    this.slider.addEventListener("input", () => {
      const steps = this.steps();
      const at = Number(this.slider.value);
      this.settings.change({ step: at >= steps.length - 1 ? null : steps[at] });
    });
    const request = () => ({ method: "GET", path: `${this.feed.path}/decision-boundary`, query: { checkpoint: this.wanted } });
    const label = h("label", { for: "checkpoint" }, t("watch.at_checkpoint"));
    const slide = h("div", { class: "watch-slide" }, label, this.slider, this.output);
    this.element = h("section", { class: "card", id: "boundary" }, cardHead(t("watch.boundary"), request),
      h("div", { class: "boundary" }, h("div", { class: "stack" }, this.chart.element, slide), this.asker.element));
  }

  /** Whether the newest state is shown, and more may come. */
  get following() {
    return this.settings.step === null && !ended(this.feed.run);
  }

  /** Whether the newest state is wanted, and is not shown. */
  get behind() {
    return this.settings.step === null && this.grid?.step !== this.feed.run.progress.step;
  }

  pause() {
    return this.following ? Math.min(LONGEST_MS, Math.max(LIVE_MS, 4 * this.slow)) : SLIDE_MS;
  }

  get wanted() {
    return this.settings.step === null ? "latest" : String(this.kept);
  }

  /** The checkpoint that is shown for a step: its own, else the last before it; a link may name one that is not kept. */
  get kept() {
    const steps = this.steps();
    return steps.findLast((one) => one <= this.settings.step) ?? steps[0] ?? this.settings.step;
  }

  steps() {
    return this.feed.checkpoints.map(({ step }) => step);
  }

  slide() {
    const steps = this.steps();
    const { step } = this.settings;
    this.asked = step;
    const near = steps.findLastIndex((one) => one <= (step ?? Infinity));
    this.slider.max = Math.max(0, steps.length - 1);
    this.slider.disabled = steps.length < 2;
    this.slider.value = Math.max(0, near);
    const shown = step === null ? (this.grid?.step ?? steps.at(-1) ?? 0) : this.kept;
    this.output.textContent = step === null ? t("watch.step_latest", { step: shown }) : t("watch.at_step", { step: shown });
    this.slider.setAttribute("aria-valuetext", this.output.textContent);
    const kept = step === null ? null : this.grids.get(this.kept);
    if (kept) this.show(kept);
    else if (steps.length) this.load();
  }

  async read() {
    const { step } = this.settings;
    const began = performance.now();
    const query = { checkpoint: this.wanted, resolution: RESOLUTION, examples: this.examples ? null : true };
    try {
      const grid = await get(`${this.feed.path}/decision-boundary`, { query, signal: this.feed.signal });
      this.examples ??= grid.examples;
      this.keep(grid);
      if (step === this.settings.step) this.show(grid);
    } catch (error) {
      if (!this.feed.signal.aborted && error.status !== 0) this.fail(error);
    }
    this.slow = performance.now() - began;
  }

  /** Keep the grids of checkpoints, so that the slider moves at once. */
  keep(grid) {
    if (!this.steps().includes(grid.step)) return;
    if (this.grids.size >= KEPT) this.grids.delete(this.grids.keys().next().value);
    this.grids.set(grid.step, grid);
  }

  show(grid) {
    if (grid === this.grid) return;
    this.grid = grid;
    this.draw();
    this.asker.again();
    if (this.settings.step === null) this.output.textContent = t("watch.step_latest", { step: grid.step });
  }

  mark(place) {
    this.place = place;
    this.draw();
  }

  draw() {
    if (!this.grid) return;
    const { grid, examples } = this;
    const traces = [...regions(grid), ...(examples ? points(examples, grid.classes) : []), ...spot(this.place)];
    this.chart.update({ traces, layout: this.layout(), summary: this.summary() });
  }

  summary() {
    const { grid, examples } = this;
    const hollow = examples?.held_out.some(Boolean) ? ` ${t("watch.hollow")}` : "";
    return t("watch.boundary_is", { step: grid.step, classes: grid.classes.length }) + hollow;
  }

  layout() {
    const [across, up] = this.feed.run.data.features;
    const grid = this.grid;
    const axis = (values) => ({ showgrid: false, ...(values ? { range: [values[0], values.at(-1)] } : {}) });
    const axes = { xaxis: { title: { text: across }, ...axis(grid?.x) }, yaxis: { title: { text: up }, ...axis(grid?.y) } };
    return { height: 460, hovermode: "closest", legend: { maxheight: LEGEND }, ...axes };
  }
}
