/** Classifying: one example by a form, or many that are pasted. */

import { request } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { placeOf } from "../form/problems.js";
import { setQuery } from "../router.js";
import { cell } from "../runs/csv.js";
import { save } from "../shell/files.js";
import { notice } from "../shell/notice.js";
import { apiButton } from "../snippets.js";
import { exampleForm } from "./form.js";
import { pasteForm } from "./paste.js";
import { manyResults, oneResult, percent } from "./result.js";

const PAUSE_MS = 60;
const LONGEST_ADDRESS = 40;

/**
 * Make the part of the view that classifies.
 * @param {{target: Target, features: object[], query: URLSearchParams, signal: AbortSignal}} parts
 * @returns {{element: HTMLElement, again: () => void}}
 */
export function predictor(parts) {
  const one = new Predictor(parts);
  one.run();
  return { element: one.element, again: () => one.run() };
}

class Predictor {
  constructor({ target, features, query, signal }) {
    Object.assign(this, { target, features, signal });
    const values = query.get("x")?.split(",").map(Number);
    this.many = query.get("rows") === "1";
    this.form = exampleForm({ run: target.run, features, values: values?.every(Number.isFinite) ? values : null, signal, onchange: () => this.soon() });
    this.paste = pasteForm(features.map(({ name }) => name));
    this.result = h("section", { class: "card use-result", "aria-label": t("use.result") });
    this.element = h("div", { class: "split" }, this.card(), this.result);
    signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  card() {
    const modes = [false, true].map((many) => h("button", { type: "button", "aria-pressed": String(many === this.many), onclick: () => this.switch(many) },
      t(many ? "use.many" : "use.one")));
    this.modes = modes;
    this.inside = h("div", { class: "stack" }, this.many ? this.paste.element : this.form.element);
    this.trouble = h("div");
    const submit = h("button", { type: "submit", class: "primary" }, t("use.predict"));
    const form = h("form", { class: "card", novalidate: true, "aria-label": t("use.form"), onsubmit: (event) => {
      event.preventDefault();
      this.run({ told: true });
    } }, h("div", { class: "row between" }, h("div", { class: "segmented", role: "group", "aria-label": t("use.how_many") }, modes),
      apiButton(() => this.target.predict(this.inputs().rows), { label: t("use.predict") })), this.inside, this.trouble, h("div", { class: "row" }, submit));
    return form;
  }

  switch(many) {
    this.many = many;
    this.modes.forEach((button, i) => button.setAttribute("aria-pressed", String(Boolean(i) === many)));
    replace(this.inside, many ? this.paste.element : this.form.element);
    setQuery({ rows: many ? "1" : null });
    replace(this.result);
    this.run();
  }

  inputs() {
    return this.many ? this.paste.read() : { rows: [this.form.values()], lines: [1], problems: [] };
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.run(), PAUSE_MS);
  }

  /** Ask for what stands in the form; an answer that a later question has overtaken is dropped. */
  async run({ told = false } = {}) {
    const asked = this.inputs();
    replace(this.trouble);
    if (this.many && (asked.problems.length || !asked.rows.length)) {
      if (!this.result.children.length) replace(this.result, h("h2", {}, t("use.predictions")), h("p", { class: "muted" }, t("use.no_result")));
      return this.paste.say(asked.problems, told);
    }
    if (!this.many && this.holes(asked.rows[0])) return;
    this.remember(asked.rows[0]);
    this.under?.abort();
    const under = (this.under = new AbortController());
    const { method, path, body } = this.target.predict(asked.rows);
    try {
      const answer = await request(method, path, { body, signal: AbortSignal.any([under.signal, this.signal]) });
      this.show(answer, asked, told);
    } catch (error) {
      if (!under.signal.aborted && !this.signal.aborted) this.fail(error);
    }
  }

  /** Say which fields have no number. */
  holes(row) {
    const empty = row.map((value, i) => (Number.isFinite(value) ? -1 : i)).filter((i) => i >= 0);
    for (const i of empty) this.form.places.get(`/inputs/0/${i}`).say(t("use.need_number"));
    return empty.length > 0;
  }

  remember(row) {
    if (!this.many && row.length <= LONGEST_ADDRESS) setQuery({ x: row.join(",") });
  }

  show(answer, { lines }, told) {
    if (this.many) {
      const table = () => save(csvOf(answer, lines), "predictions.csv");
      replace(this.result, h("div", { class: "row between" }, h("h2", {}, t("use.predictions")), h("button", { type: "button", class: "small", onclick: table }, t("use.save"))),
        manyResults(answer, lines));
    } else replace(this.result, h("h2", {}, t("use.result")), oneResult(answer));
    if (!told) return;
    const sure = answer.probabilities ? percent(Math.max(...answer.probabilities[0])) : "";
    announce(this.many ? t("use.told_many", { count: lines.length }) : t("use.told_one", { label: answer.labels[0], sure }));
  }

  fail(error) {
    const left = error.errors?.filter(({ pointer, detail }) => {
      const found = this.many ? null : placeOf(this.form.places, pointer);
      found?.say(detail);
      return !found;
    }) ?? [error];
    if (left.length || !error.errors?.length) replace(this.trouble, notice(error));
  }
}

function csvOf({ labels, classes, probabilities }, lines) {
  const head = ["line", "label", ...(probabilities ? classes.map((name) => `p(${name})`) : [])];
  const rows = labels.map((label, i) => [lines[i], label, ...(probabilities?.[i] ?? [])]);
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}
