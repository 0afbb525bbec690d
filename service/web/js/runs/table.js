/** The table of runs: a row is made anew only when its run has changed. */

import { h, replace } from "../dom.js";
import { number, t } from "../i18n.js";
import { href } from "../router.js";
import { writeDataset } from "./datasets.js";
import { duration, measureName, measured, modelOf, moment, nameOf, statusBadge } from "./format.js";
import { menuButton } from "./menu.js";
import { ORDERS } from "./request.js";

const COLUMNS = ["status", "name", "model", "dataset", "last", "best", "best_step", "created", "duration"];
const NUMBERS = new Set(["last", "best", "best_step", "duration"]);

/**
 * Make the table.
 * @param {{onsort: (column: string) => void, onselect: (id: string, on: boolean) => boolean, onchange: () => void}} act
 *   `onselect` answers whether the run may be selected
 * @returns {{element: HTMLElement, show: (runs: object[], state: object) => void}}
 */
export function runsTable(act) {
  const head = h("tr");
  const body = h("tbody");
  const caption = h("caption", { class: "visually-hidden" });
  const element = h("div", { class: "scroll runs-scroll" }, h("table", { class: "table runs-table" }, caption, h("thead", {}, head), body));
  let rows = new Map();
  const show = (runs, state) => {
    caption.textContent = t("runs.caption", { measure: measureName(state.measure) });
    heads(head, state, act.onsort);
    const next = new Map(runs.map((run) => [run.id, kept(rows.get(run.id), run, state, act)]));
    rows = next;
    const wanted = [...next.values()].map(({ tr }) => tr);
    if (wanted.length !== body.children.length || wanted.some((tr, i) => tr !== body.children[i])) replace(body, wanted);
  };
  return { element, show };
}

function heads(head, state, onsort) {
  const focused = head.contains(document.activeElement) ? document.activeElement.dataset.column : null;
  replace(head, h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, t("runs.select"))),
    COLUMNS.map((column) => headOf(column, state, onsort)),
    h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, t("runs.actions"))));
  if (focused) head.querySelector(`[data-column="${focused}"]`)?.focus();
}

function headOf(column, state, onsort) {
  const side = NUMBERS.has(column) ? "right" : null;
  const word = t(`runs.c_${column}`);
  if (!(column in ORDERS)) return h("th", { scope: "col", class: side }, word);
  const on = state.sort === column;
  const order = on ? (state.down ? "descending" : "ascending") : null;
  const arrow = h("span", { class: "sort-arrow", "aria-hidden": "true" }, on ? (state.down ? "↓" : "↑") : "↕");
  const button = h("button", { type: "button", class: "sort", dataset: { column }, onclick: () => onsort(column) }, word, arrow);
  return h("th", { scope: "col", class: side, "aria-sort": order }, button);
}

function kept(row, run, state, act) {
  const stamp = JSON.stringify([run.status, run.updated_at, run.name, run.metrics[state.measure], run.progress, run.cancel_requested, state.measure]);
  if (row?.stamp !== stamp && !row?.tr.querySelector(":popover-open")) row = made(row, stamp, run, state, act);
  row.box.checked = state.selected.includes(run.id);
  row.tr.classList.toggle("selected", row.box.checked);
  return row;
}

function made(row, stamp, run, state, act) {
  const box = h("input", { type: "checkbox", "aria-label": t("runs.select_one", { name: nameOf(run) }) });
  box.addEventListener("change", () => {
    box.checked = act.onselect(run.id, box.checked) && box.checked;
    tr.classList.toggle("selected", box.checked);
  });
  const cells = COLUMNS.map((column) => cellOf(column, run, state.measure));
  const tr = row?.tr ?? h("tr");
  const focused = tr.contains(document.activeElement) ? [...tr.querySelectorAll("a, button, input")].indexOf(document.activeElement) : -1;
  replace(tr, h("td", { class: "run-check" }, h("label", {}, box)), cells, h("td", { class: "run-actions" }, menuButton(run, act.onchange)));
  if (focused >= 0) tr.querySelectorAll("a, button, input")[focused]?.focus();
  return { tr, stamp, box };
}

function cellOf(column, run, measure) {
  const props = { class: NUMBERS.has(column) ? "right number" : `run-${column}`, dataset: { label: t(`runs.c_${column}`) } };
  if (column === "name") return h("th", { ...props, scope: "row" }, named(run));
  return h("td", props, CELLS[column](run, run.metrics[measure] ?? {}, measure));
}

const CELLS = {
  status: (run) => statusBadge(run),
  model: (run) => modelOf(run),
  dataset: (run) => {
    const cell = h("span", { class: "run-data" });
    writeDataset(run, (text) => {
      cell.textContent = text;
    });
    return cell;
  },
  last: (run, series, measure) => measured(measure, series.last),
  best: (run, series, measure) => measured(measure, series.best),
  best_step: (run, series) => (series.best_step === null || series.best_step === undefined ? "–" : number(series.best_step)),
  created: (run) => moment(run.created_at),
  duration: (run) => duration(run.started_at ? run.progress.training_seconds : null),
};

function named(run) {
  const tags = Object.entries(run.tags).slice(0, 3).map(([key, value]) => h("span", { class: "run-tag", title: value }, value ? `${key}: ${value}` : key));
  return [h("a", { href: href(`/runs/${run.id}`) }, nameOf(run)), tags.length ? h("span", { class: "run-tags" }, tags) : null];
}
