/** New run: the form that /openapi.json describes, ready-made figures of the course, and what it would cost. */

import { get, post } from "../api.js";
import { bodySchema, openapi } from "../api/openapi.js";
import { h, replace } from "../dom.js";
import { schemaForm } from "../form.js";
import { plain } from "../form/schema.js";
import { t } from "../i18n.js";
import { estimate } from "../new/estimate.js";
import { PRESETS } from "../new/presets.js";
import { go, href, setQuery } from "../router.js";
import { notice } from "../shell/notice.js";
import { apiButton } from "../snippets.js";

const ROUTE = "/v1/runs";
const LONGEST = 6000; // characters of a request that an address may hold
const KEPT = 100; // datasets to choose from
const ADVANCED = new Set([
  ...["tags", "priority", "l1", "init", "schedule", "clip", "nesterov", "beta1", "beta2", "decay"],
  ...["dtype", "log_every", "checkpoint_every", "stratify", "class_weights", "early_stopping", "target", "time_budget"],
]);

export const title = (words) => words("new.title");

/** Show the view. Query: `run`, the request as JSON. */
export async function show(root, { query, signal }) {
  const waiting = h("div", { class: "card skeleton", "aria-busy": "true" }, h("p", { class: "muted", role: "status" }, t("new.loading")));
  root.append(h("div", {}, h("h1", {}, t("new.title")), h("p", { class: "lead" }, t("new.lead"))), waiting);
  const asked = Promise.all([openapi(), get("/v1/datasets", { query: { limit: KEPT }, signal })]);
  const [document, kept] = await asked.finally(() => waiting.remove());
  if (signal.aborted) return {};
  const page = new NewRun(document, kept.data, requestOf(query) ?? example(document), signal);
  root.append(page.presets(), page.element);
  return { update: (next) => page.set(requestOf(next) ?? example(document)) };
}

class NewRun {
  constructor(document, kept, value, signal) {
    const choices = { "/dataset/id": () => kept.map((data) => [data.id, `${data.name} · ${data.id.slice(0, 9)}…`]) };
    const options = { value, root: document, advanced: ADVANCED, choices, onchange: () => this.changed() };
    this.signal = signal;
    this.form = schemaForm(bodySchema(document, ROUTE), options);
    this.estimate = estimate(signal, (problem) => this.form.showProblem(problem));
    this.problem = h("div", {});
    this.long = h("p", { class: "hint", hidden: true }, t("new.long"));
    this.button = h("button", { type: "submit", class: "primary" }, t("new.start"));
    this.element = this.build();
    this.links = [];
  }

  /** Bring what depends on the request to what it is now. */
  asked(value) {
    const text = JSON.stringify(value);
    for (const { link, run } of this.links) {
      if (JSON.stringify(run) === text) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    this.estimate.ask(value);
  }

  build() {
    const api = apiButton(() => ({ method: "POST", path: ROUTE, body: this.form.value() }), { label: t("new.start") });
    const start = h("div", { class: "row" }, this.button, api);
    const side = h("aside", { class: "card side", "aria-labelledby": "estimate-title" }, h("h2", { id: "estimate-title" }, t("new.estimate")), this.estimate.element, start, this.long, this.problem);
    const form = h("form", { class: "split", novalidate: true, "aria-label": t("new.title") }, h("div", { class: "card" }, this.form.element), side);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.start();
    });
    return form;
  }

  /** Show another request, from the address or a preset. */
  set(value) {
    if (JSON.stringify(value) === JSON.stringify(this.form.value())) return;
    this.form.set(value);
    replace(this.problem);
    this.asked(this.form.value());
  }

  changed() {
    const value = this.form.value();
    const text = JSON.stringify(value);
    this.long.hidden = text.length <= LONGEST;
    setQuery({ run: text.length <= LONGEST ? text : null });
    this.asked(value);
  }

  async start() {
    this.button.disabled = true;
    replace(this.problem);
    try {
      const { id } = await post(ROUTE, this.form.value());
      if (!this.signal.aborted) go(`/runs/${id}`);
    } catch (error) {
      this.form.showProblem(error.errors?.length ? error : null);
      if (!error.errors?.length) replace(this.problem, notice(error));
      this.element.querySelector("[aria-invalid=true]")?.focus();
    } finally {
      this.button.disabled = false;
    }
  }

  presets() {
    const items = PRESETS.map((preset) => h("li", {}, this.preset(preset)));
    this.asked(this.form.value());
    return h("section", { class: "stack" }, h("h2", { id: "presets-title" }, t("new.presets")), h("ul", { class: "presets", "aria-labelledby": "presets-title" }, items));
  }

  preset({ name, run, make }) {
    const inside = [h("b", {}, t(`new.preset_${name}`)), h("span", { class: "hint" }, t(`new.preset_${name}_text`))];
    if (run) {
      const link = h("a", { class: "preset", href: href("/new", { run: JSON.stringify(run) }) }, inside);
      this.links.push({ link, run });
      return link;
    }
    return h("button", { type: "button", class: "preset", onClick: (event) => this.make(make, event.currentTarget) }, inside);
  }

  /** Make a request that needs data which the server may not have yet. */
  async make(make, button) {
    button.disabled = true;
    try {
      const run = JSON.stringify(await make());
      if (!this.signal.aborted) go("/new", { run });
    } catch (error) {
      replace(this.problem, notice(error));
    } finally {
      button.disabled = false;
    }
  }
}

/** The request of an address, or null. */
function requestOf(query) {
  try {
    const value = JSON.parse(query.get("run"));
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** What the document shows as an example of a run. */
function example(document) {
  return plain(bodySchema(document, ROUTE), document).example;
}
