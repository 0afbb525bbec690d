/** Search, quick filters, and the API's own filter as a text. */

import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { MEASURES } from "./format.js";
import { ORDERS, largestFirst } from "./request.js";

const STATUSES = ["queued", "running", "paused", "succeeded", "failed", "cancelled"];
const MODELS = ["softmax", "svm", "mlp", "char_rnn"];
const EXAMPLES = ["metrics.val_accuracy.best > 0.9", "model.kind = 'mlp' and optimizer.learning_rate < 0.1", "tags.course = 'cs231n'"];
const TYPING_MS = 250;

/**
 * Make the controls above the table.
 * @param {(changes: object) => void} onchange  told the names of the address that change
 * @returns {{element: HTMLElement, show: (state: object) => void, showProblem: (problem: Error|null) => void}}
 */
export function toolbar(onchange) {
  const search = h("input", { id: "runs-search", type: "search", autocomplete: "off", spellcheck: "false", placeholder: t("runs.search_hint") });
  const status = choice("runs-status", STATUSES.map((name) => [name, t(`runs.status_${name}`)]), t("runs.any_status"));
  const model = choice("runs-model", MODELS.map((name) => [name, name]), t("runs.any_model"));
  const measure = choice("runs-measure", MEASURES.map((name) => [name, t(`runs.m_${name}`)]));
  const order = h("select", { id: "runs-order", onchange: () => onchange({ sort: order.value }) });
  const filter = filterField(onchange);
  search.addEventListener("input", later(() => onchange({ q: search.value.trim() || null })));
  status.addEventListener("change", () => onchange({ status: status.value || null }));
  model.addEventListener("change", () => onchange({ model: model.value || null }));
  measure.addEventListener("change", () => onchange({ m: measure.value === MEASURES[0] ? null : measure.value }));
  const element = h("form", { class: "runs-tools", role: "search", "aria-label": t("runs.search"), onsubmit: (event) => event.preventDefault() },
    h("div", { class: "runs-quick" }, field(t("runs.search"), search), field(t("runs.c_status"), status),
      field(t("runs.c_model"), model), field(t("runs.measure"), measure),
      h("div", { class: "field runs-order" }, h("label", { for: "runs-order" }, t("runs.order")), order)), filter.element);
  const show = (state) => {
    give(search, state.search);
    give(status, state.status);
    give(model, state.model);
    give(measure, state.measure);
    replace(order, orders(state.measure));
    order.value = `${state.sort}.${state.down ? "desc" : "asc"}`;
    filter.show(state.filter);
  };
  return { element, show, showProblem: filter.showProblem };
}

/** Where the table has no head, its orders stand in a choice. */
function orders(measure) {
  return Object.keys(ORDERS).flatMap((column) => {
    const first = largestFirst(column, measure);
    return [first, !first].map((down) => h("option", { value: `${column}.${down ? "desc" : "asc"}` }, `${t(`runs.c_${column}`)} ${down ? "↓" : "↑"}`));
  });
}

function filterField(onchange) {
  const input = h("input", { id: "runs-filter", class: "mono", autocomplete: "off", spellcheck: "false", autocapitalize: "off",
    placeholder: EXAMPLES[0], "aria-describedby": "runs-filter-error" });
  const error = h("p", { class: "error", id: "runs-filter-error", role: "alert", hidden: true });
  const apply = () => onchange({ filter: input.value.trim() || null });
  input.addEventListener("change", apply);
  const take = (text) => () => {
    input.value = text;
    apply();
    input.focus();
  };
  const examples = EXAMPLES.map((text) => h("li", {}, h("button", { type: "button", class: "small quiet mono", onclick: take(text) }, text)));
  const help = h("details", { class: "runs-help" }, h("summary", {}, t("runs.filter_help")),
    h("p", { class: "hint" }, t("runs.filter_text")), h("ul", { class: "runs-examples" }, examples),
    h("p", { class: "hint" }, t("runs.filter_more")));
  const showProblem = (problem) => {
    error.hidden = !problem;
    error.textContent = problem ? problem.message : "";
    if (problem) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  const element = h("div", { class: "field runs-filter" }, h("label", { for: "runs-filter" }, t("runs.filter")), input, error, help);
  return { element, show: (text) => give(input, text), showProblem };
}

function field(label, control) {
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control);
}

function choice(id, options, any = null) {
  const all = any === null ? options : [["", any], ...options];
  return replace(h("select", { id }), all.map(([value, text]) => h("option", { value }, text)));
}

function give(control, value) {
  if (control !== document.activeElement || control.value.trim() !== value) control.value = value;
}

function later(act) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, TYPING_MS);
  };
}
