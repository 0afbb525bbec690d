/** Up to ten runs beside each other: curves, settings, parallel coordinates, files. */

import { chart } from "../charts.js";
import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { current, href, setQuery } from "../router.js";
import { chips, settingsBar } from "../runs/compare_controls.js";
import { csvOf } from "../runs/csv.js";
import { differences } from "../runs/differences.js";
import { ACTIVE, measured, namesOf, outcomeOf } from "../runs/format.js";
import { has, linesOf, seriesOf } from "../runs/lines.js";
import { loadRuns, runsById } from "../runs/load.js";
import { parallel } from "../runs/parallel.js";
import { poll } from "../runs/poll.js";
import { MOST_SELECTED } from "../runs/request.js";
import { save } from "../shell/files.js";
import { notice } from "../shell/notice.js";
import { apiButton } from "../snippets.js";

const LIVE_MS = 3000;
const STILL_MS = 30_000;

export const title = (words) => words("compare.title");

/** Show the view; the address names the runs and how they are drawn. */
export async function show(root, { signal }) {
  const view = new Compare(root, signal);
  await view.load();
  if (!view.state.ids.length) return {};
  poll(() => view.read(), () => (view.busy ? LIVE_MS : STILL_MS), signal);
  return { update: () => view.load() };
}

class Compare {
  constructor(root, signal) {
    this.root = root;
    this.signal = signal;
    this.found = new Map();
    this.problem = h("div");
    this.chips = chips((changes) => this.change(changes));
    this.bar = settingsBar((changes) => this.change(changes));
    const onaxis = (name, type) => setQuery({ [name]: type === "log" ? "log" : null });
    const { x, y } = this.state;
    this.curves = chart({ id: "compare-curves", title: t("compare.curves"), traces: [], controls: { x, y, onaxis: (...axis) => (onaxis(...axis), this.draw()) } });
    this.parallel = chart({ id: "compare-parallel", title: t("compare.parallel"), traces: [] });
    this.table = differences((error) => replace(this.problem, notice(error)));
    signal.addEventListener("abort", () => [this.curves, this.parallel].forEach((one) => one.destroy()));
    root.append(this.head(), this.problem);
  }

  get state() {
    const { query } = current();
    const weight = Number(query.get("s"));
    return {
      ids: [...new Set((query.get("ids") ?? "").split(",").filter(Boolean))].slice(0, MOST_SELECTED),
      hidden: new Set((query.get("hide") ?? "").split(",").filter(Boolean)),
      metric: query.get("m") ?? "",
      weight: weight > 0 && weight < 1 ? weight : 0,
      x: query.get("x") === "log" ? "log" : "linear",
      y: query.get("y") === "log" ? "log" : "linear",
      all: query.get("all") === "1",
    };
  }

  head() {
    this.actions = h("div", { class: "row" });
    return h("div", { class: "page-head" }, h("div", {}, h("h1", {}, t("compare.title")), h("p", { class: "lead" }, t("compare.lead"))), this.actions);
  }

  change(changes) {
    const ids = this.state.ids.join();
    setQuery(changes);
    if (this.state.ids.join() === ids) this.draw();
    else this.load();
  }

  /** Read the runs and draw them; what went wrong stands above. */
  async load() {
    await this.read().catch(() => {});
  }

  async read() {
    const { ids } = this.state;
    try {
      const found = await loadRuns(ids, this.found, this.signal);
      if (ids.join() !== this.state.ids.join()) return; // another question has overtaken this one
      this.found = found;
      replace(this.problem);
    } catch (error) {
      if (!this.signal.aborted) replace(this.problem, notice(error));
      throw error;
    }
    this.busy = [...this.found.values()].some(({ run }) => ACTIVE.has(run.status));
    this.draw();
  }

  draw() {
    const state = this.state;
    this.drawActions(state.ids);
    if (!this.found.size) return this.drawNothing(state.ids);
    if (!this.framed) this.drawFrame();
    const called = namesOf([...this.found.values()].map(({ run }) => run));
    const entries = [...this.found.values()].map((entry, place) => ({ ...entry, place, name: called[place], hidden: state.hidden.has(entry.run.id) }));
    const names = seriesOf(entries);
    const metric = [state.metric, outcomeOf(entries.map(({ run }) => run)), names[0]].find((name) => names.includes(name)) ?? "loss";
    this.chips.show(entries, state);
    this.bar.show({ ...state, metric, names });
    this.drawCurves(entries, { ...state, metric });
    this.drawSettings(entries.map(({ run }) => run), state.all);
  }

  drawActions(ids) {
    replace(this.actions, apiButton(() => runsById(ids), { label: t("compare.api_label") }),
      this.found.size ? h("button", { type: "button", onclick: () => save(csvOf([...this.found.values()].map(({ run }) => run)), "comparison.csv") }, t("compare.csv")) : null,
      this.found.size ? h("a", { class: "button", href: href("/runs", { sel: ids.join(",") }) }, t("compare.choose")) : null);
  }

  drawNothing(ids) {
    this.body?.remove();
    this.framed = false;
    this.body = h("div", { class: "empty" }, h("p", {}, t(ids.length ? "compare.gone" : "compare.none")),
      h("a", { class: "button primary", href: href("/runs") }, t("compare.choose")));
    this.root.append(this.body);
  }

  drawFrame() {
    this.body?.remove();
    this.framed = true;
    this.stamp = null;
    this.none = h("p", { class: "muted", hidden: true }, t("compare.same"));
    this.without = h("p", { class: "hint", id: "compare-without" });
    this.beside = h("section", { class: "card", "aria-label": t("compare.parallel") }, this.parallel.element, this.none);
    this.body = h("div", { class: "stack compare-body" }, this.chips.element,
      h("section", { class: "card", "aria-label": t("compare.curves") }, this.bar.element, this.curves.element, this.without), this.beside,
      h("section", { class: "card", "aria-labelledby": "compare-table-title" },
        h("div", { class: "row between" }, h("h2", { id: "compare-table-title" }, t("compare.table")), this.bar.toggle), this.table.element));
    this.root.append(this.body);
  }

  drawCurves(entries, how) {
    const name = t(`compare.series_${how.metric}`);
    const share = how.metric.endsWith("accuracy");
    const shown = entries.filter(({ hidden }) => !hidden);
    const without = shown.filter(({ curves }) => !has(curves, how.metric)).map(({ name: of }) => of);
    const told = shown.filter(({ run }) => run.metrics[how.metric])
      .map(({ name: of, run }) => `${of}: ${measured(how.metric, run.metrics[how.metric].last)}`);
    this.curves.update({
      traces: linesOf(entries, how),
      layout: { height: 400, showlegend: false, hovermode: "x unified", xaxis: { title: { text: t("compare.step") } },
        yaxis: { title: { text: name }, ...(share ? { tickformat: ".0%" } : {}) } },
      summary: told.length ? t("compare.curves_summary", { name, values: told.join(" · ") }) : t("compare.no_points", { name }),
      axes: { x: how.x, y: how.y },
    });
    this.without.hidden = !told.length || !without.length;
    this.without.textContent = t("compare.without", { names: without.join(", ") });
  }

  drawSettings(runs, all) {
    const stamp = JSON.stringify([all, runs.map((run) => [run.id, run.updated_at, run.name])]);
    if (stamp === this.stamp) return; // the table may be under a reader's hand
    this.stamp = stamp;
    this.table.show(runs, all);
    const drawn = parallel(runs);
    this.beside.hidden = runs.length < 2;
    this.parallel.element.hidden = !drawn;
    this.none.hidden = Boolean(drawn);
    if (drawn) this.parallel.update({ ...drawn, layout: { height: 360, margin: { t: 64 } } });
  }
}
