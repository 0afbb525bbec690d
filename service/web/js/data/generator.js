/** The card that makes synthetic data: choose a generator, turn its knobs, see the points at once. */

import { post } from "../api.js";
import { latest } from "../api/latest.js";
import { bodySchema } from "../api/openapi.js";
import { h, replace } from "../dom.js";
import { schemaForm } from "../form.js";
import { kinds as kindsOf, plain } from "../form/schema.js";
import { said } from "../form/words.js";
import { t } from "../i18n.js";
import { current, go, href, setQuery } from "../router.js";
import { notice } from "../shell/notice.js";
import { apiButton } from "../snippets.js";
import { classTable } from "./classes.js";
import { scatter } from "./scatter.js";
import { split } from "./split.js";
import { thumbs } from "./thumbs.js";

const ROUTE = "/v1/datasets/preview";
const SHOWN = 1500;
const QUIET_MS = 90;
const OWN = new Set(["held_out", "dataset", "kind"]);

/**
 * Make the card.
 * @param {Object} document /openapi.json
 * @param {URLSearchParams} query `kind`, its parameters, and `held_out`
 * @param {AbortSignal} signal
 * @returns {HTMLElement}
 */
export function generatorCard(document, query, signal) {
  return new Generator(document, query, signal).element;
}

class Generator {
  constructor(document, query, signal) {
    const body = plain(bodySchema(document, ROUTE), document);
    this.document = document;
    this.signal = signal;
    this.members = kindsOf(body.properties.parameters);
    const names = Object.keys(this.members);
    this.kind = names.includes(query.get("kind")) ? query.get("kind") : names[0];
    this.parameters = parametersOf(query, plain(this.members[this.kind], document).properties);
    this.scatter = scatter("generated");
    signal.addEventListener("abort", () => this.scatter.destroy(), { once: true });
    this.split = split(Number(query.get("held_out")) || 0, () => this.changed());
    this.sketch = latest((stop) => this.show(stop), QUIET_MS, signal);
    this.build(thumbs(names, this.kind, { signal, onchoose: (kind) => this.choose(kind) }));
    this.showForm();
    this.changed();
  }

  build(choice) {
    this.formPlace = h("div", { class: "stack" });
    this.counts = h("div", {});
    this.problem = h("div", {});
    this.train = h("a", { class: "button primary", href: "#/new" }, t("data.train_on_this"));
    const keep = h("button", { type: "button", onClick: () => this.keep() }, t("data.keep"));
    const api = apiButton(() => ({ method: "POST", path: "/v1/datasets", body: { parameters: this.body() } }), { label: t("data.keep") });
    const actions = h("div", { class: "row" }, this.train, keep, api);
    const left = h("div", { class: "stack" }, this.problem, this.scatter.element, this.counts);
    const right = h("div", { class: "stack" }, this.formPlace, this.split.element, actions);
    const heading = h("h2", {}, t("data.generate"));
    this.element = h("section", { class: "card" }, heading, choice, h("div", { class: "split" }, left, right));
  }

  body() {
    return { kind: this.kind, ...this.parameters };
  }

  choose(kind) {
    this.kind = kind;
    this.parameters = {};
    this.showForm();
    this.changed();
  }

  showForm() {
    const schema = plain(this.members[this.kind], this.document);
    const onchange = ({ kind, ...parameters }) => {
      this.parameters = parameters;
      this.changed();
    };
    this.form = schemaForm(schema, { value: this.body(), root: this.document, onchange });
    replace(this.formPlace, h("p", { class: "hint" }, said(schema.description ?? "")), this.form.element);
  }

  /** Bring address, links and picture to what the form says. */
  changed() {
    const held = this.split.value();
    const gone = [...current().query.keys()].filter((name) => !OWN.has(name));
    setQuery({ ...Object.fromEntries(gone.map((name) => [name, null])), kind: this.kind, ...this.parameters, held_out: held || null });
    const training = held ? { training: { validation_fraction: held } } : {};
    this.train.href = href("/new", { run: JSON.stringify({ dataset: this.body(), model: { kind: "mlp" }, ...training }) });
    this.sketch();
  }

  async show(stop) {
    try {
      const found = await post(ROUTE, { parameters: this.body(), limit: SHOWN }, { signal: stop });
      this.tell(null);
      this.scatter.show(found);
      this.split.show(found.total_examples);
      replace(this.counts, classTable(found.classes, found.class_counts));
    } catch (error) {
      if (stop.aborted) throw error;
      this.tell(error);
    }
  }

  /** Show what is wrong beside its field, or above the picture if it is no field's fault. */
  tell(error) {
    const mine = error?.errors?.length ? { errors: error.errors.map((one) => ({ ...one, pointer: one.pointer.replace("#/parameters", "#") })) } : null;
    this.form.showProblem(mine);
    replace(this.problem, error && !mine ? notice(error) : null);
  }

  async keep() {
    try {
      const { id } = await post("/v1/datasets", { parameters: this.body() });
      if (!this.signal.aborted) go("/data", { dataset: id });
    } catch (error) {
      this.tell(error);
    }
  }
}

/** The parameters that an address tells, as numbers; the form shows what the server says about them. */
function parametersOf(query, properties) {
  const told = [...query].filter(([name, value]) => name in properties && !OWN.has(name) && value !== "" && !Number.isNaN(Number(value)));
  return Object.fromEntries(told.map(([name, value]) => [name, Number(value)]));
}
