/** All runs: search, filter, order, page, select. */

import { get } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { current, href, setQuery } from "../router.js";
import { ACTIVE } from "../runs/format.js";
import { pager } from "../runs/pager.js";
import { poll } from "../runs/poll.js";
import { MOST_SELECTED, largestFirst, listQuery, narrowed, stateOf } from "../runs/request.js";
import { selectionBar } from "../runs/selection.js";
import { runsTable } from "../runs/table.js";
import { toolbar } from "../runs/toolbar.js";
import { notice } from "../shell/notice.js";
import { apiButton } from "../snippets.js";

const BUSY_MS = 3000;
const QUIET_MS = 12_000;

export const title = (words) => words("runs.title");

/** Show the view; the address holds all of its state. */
export async function show(root, { signal }) {
  const view = new RunsView(signal);
  root.append(...view.elements());
  await view.load({ quiet: true });
  poll(() => view.turn(), () => (view.busy ? BUSY_MS : QUIET_MS), signal);
  return { update: () => view.load({}) };
}

class RunsView {
  constructor(signal) {
    this.signal = signal;
    this.busy = false;
    this.tools = toolbar((changes) => this.change({ ...changes, after: null }));
    this.table = runsTable({
      onsort: (column) => this.sort(column),
      onselect: (id, on) => this.select(id, on),
      onchange: () => this.load({ quiet: true }),
    });
    this.pages = pager((after) => this.change({ after }, { push: true }));
    this.bar = selectionBar(() => this.keepSelection([]));
    this.problem = h("div");
    this.empty = h("div", { class: "empty", hidden: true });
  }

  get state() {
    return stateOf(current().query);
  }

  elements() {
    const api = apiButton(() => ({ method: "GET", path: "/v1/runs", query: listQuery(this.state) }), { label: t("runs.list_label") });
    const head = h("div", { class: "page-head" },
      h("div", {}, h("h1", {}, t("runs.title")), h("p", { class: "lead" }, t("runs.lead"))),
      h("div", { class: "row" }, api, h("a", { class: "button primary", href: href("/new") }, t("runs.new"))));
    this.card = h("div", { class: "card runs-card", "aria-busy": "true" }, this.table.element, this.empty, this.pages.element);
    return [head, this.tools.element, this.problem, this.card, this.bar.element];
  }

  change(changes, options) {
    if (this.signal.aborted) return; // what was typed last comes a moment later
    setQuery(changes, options);
    this.load({});
  }

  sort(column) {
    const { sort, down, measure } = this.state;
    const other = sort === column ? !down : largestFirst(column, measure);
    this.change({ sort: `${column}.${other ? "desc" : "asc"}`, after: null });
  }

  select(id, on) {
    const { selected } = this.state;
    if (on && selected.length >= MOST_SELECTED) {
      announce(t("runs.most", { count: MOST_SELECTED }));
      return false;
    }
    this.keepSelection(on ? [...selected, id] : selected.filter((other) => other !== id));
    return true;
  }

  keepSelection(ids) {
    setQuery({ sel: ids.length ? ids.join(",") : null });
    this.bar.show(ids);
    if (!ids.length && this.page) this.table.show(this.page.data, this.state);
  }

  /** Read the page that the address names; an answer that a later question has overtaken is dropped. */
  async load({ quiet = false }) {
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    this.card.setAttribute("aria-busy", "true");
    this.tools.show(this.state);
    this.bar.show(this.state.selected);
    try {
      await this.refresh(asked.signal);
      this.showProblem(null);
      if (!quiet) announce(t("runs.found", { count: this.page.data.length }));
    } catch (error) {
      if (!asked.signal.aborted && !this.signal.aborted) this.showProblem(error);
    }
    if (this.asked === asked) this.card.setAttribute("aria-busy", "false");
  }

  /** Read the page again, as it may have changed; nothing to do while a question is under way. */
  async turn() {
    if (this.card.getAttribute("aria-busy") === "true") return;
    try {
      await this.refresh();
      this.showProblem(null);
    } catch (error) {
      if (this.asked.signal.aborted || this.signal.aborted) return;
      this.showProblem(error);
      throw error;
    }
  }

  async refresh(asked = this.asked.signal) {
    const { state } = this;
    const page = await get("/v1/runs", { query: listQuery(state), signal: AbortSignal.any([this.signal, asked]) });
    if (!asked.aborted) this.draw(page, state);
  }

  draw(page, state) {
    this.page = page;
    this.busy = page.data.some(({ status }) => ACTIVE.has(status) && status !== "paused");
    this.table.show(page.data, { ...state, selected: this.state.selected });
    this.table.element.hidden = !page.data.length;
    this.pages.show({ after: state.after, next: page.next_after, count: page.data.length });
    this.empty.hidden = Boolean(page.data.length);
    if (!page.data.length) replace(this.empty, ...this.nothing(state));
  }

  nothing(state) {
    if (narrowed(state)) {
      const clear = () => this.change({ q: null, status: null, model: null, filter: null, after: null });
      return [h("p", {}, t("runs.none_found")), h("button", { type: "button", onclick: clear }, t("runs.clear_filters"))];
    }
    if (state.after) return [h("p", {}, t("runs.no_more"))];
    return [h("p", {}, t("runs.none")), h("a", { class: "button primary", href: href("/new") }, t("runs.new"))];
  }

  /** What is wrong with the filter stands beside it, anything else above the table. */
  showProblem(error) {
    const ofFilter = error?.status === 422 && this.state.filter !== "" && /filter/.test(error.message);
    this.tools.showProblem(ofFilter ? error : null);
    replace(this.problem, error && !ofFilter ? notice(error) : null);
  }
}
