/** What the run trains, and how. */

import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { cardHead } from "./parts.js";

const PARTS = ["dataset", "model", "optimizer", "training"];
const LONGEST = 80;

/** Make the card of a run's hyperparameters. */
export function spec(feed) {
  const { run } = feed;
  const request = () => ({ method: "POST", path: "/v1/runs", body: body(run) });
  const head = cardHead(t("watch.spec"), request, { action: t("watch.train_same") });
  const shown = { ...run, dataset: dataOf(run) };
  const section = (part) => h("div", { class: "stack-tight" }, h("h3", {}, t(`watch.part_${part}`)), facts(shown[part]));
  const parts = PARTS.map(section);
  return h("section", { class: "card", id: "spec" }, head, h("div", { class: "spec-parts" }, parts));
}

/** The request that trains the same again. */
function body({ name, dataset, model, optimizer, training, tags }) {
  return { ...(name ? { name } : {}), dataset, model, optimizer, training, ...(Object.keys(tags).length ? { tags } : {}) };
}

function dataOf({ dataset, data }) {
  return { ...dataset, examples: data.examples, features: list(data.features), classes: list(data.classes) };
}

function list(names) {
  return names.length > 6 ? names.length : names.join(", ");
}

function facts(values) {
  const there = Object.entries(values).filter(([, value]) => value !== null && value !== false && value !== "");
  const row = ([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { class: "number" }, text(value)));
  return h("dl", { class: "spec-facts" }, there.map(row));
}

function text(value) {
  if (typeof value === "number") return number(value, { useGrouping: value >= 10000 });
  const written = typeof value === "object" ? JSON.stringify(value).replaceAll('"', "") : String(value);
  return written.length > LONGEST ? `${written.slice(0, LONGEST)}…` : written;
}
