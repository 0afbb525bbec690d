/** The card that shows a dataset which is kept: its points or its text, its classes and columns. */

import { get } from "../api.js";
import { h } from "../dom.js";
import { number, t } from "../i18n.js";
import { go, href, setQuery } from "../router.js";
import { confirmed } from "../shell/confirm.js";
import { apiButton } from "../snippets.js";
import { classTable } from "./classes.js";
import { scatter } from "./scatter.js";
import { split } from "./split.js";

const ROWS = 1000;
const IN_TABLE = 6;
const COLUMNS = 8;

/**
 * Make the card; it throws if there is no such dataset.
 * @param {string} id
 * @param {URLSearchParams} query `held_out`
 * @param {AbortSignal} signal
 * @returns {Promise<HTMLElement>}
 */
export async function lookCard(id, query, signal) {
  const path = `/v1/datasets/${encodeURIComponent(id)}`;
  const [data, preview] = await Promise.all([get(path, { signal }), get(`${path}/preview`, { query: { limit: ROWS }, signal })]);
  const text = preview.text !== null;
  const shown = text ? h("pre", { class: "text-preview", tabindex: "0", "aria-label": t("data.beginning") }, preview.text) : points(data, preview, signal);
  const left = h("div", { class: "stack" }, shown, text ? null : table(preview));
  const right = h("div", { class: "stack" }, facts(data, text), h("div", {}, classTable(data.classes, data.class_counts)), actions(data, text, query));
  const back = h("a", { href: href("/data") }, t("data.back"));
  const head = h("div", { class: "row between" }, h("h2", { class: "name-cell" }, data.name), back);
  return h("section", { class: "card" }, head, h("div", { class: "split" }, left, right));
}

function points(data, preview, signal) {
  const picture = scatter("stored");
  signal.addEventListener("abort", () => picture.destroy(), { once: true });
  picture.show({ ...preview, classes: data.classes });
  return picture.element;
}

function facts(data, text) {
  const told = [
    ["data.kind", t(`data.kind_${data.kind}`)],
    [text ? "data.characters" : "data.examples", number(data.examples)],
    ...(text ? [] : [["data.features", number(data.features.length)]]),
    ["data.classes", number(data.classes.length)],
    ["data.size", `${number(Math.max(1, Math.round(data.size_bytes / 1024)))} KiB`],
  ];
  return h("dl", { class: "facts" }, told.map(([key, value]) => h("div", {}, h("dt", {}, t(key)), h("dd", {}, value))));
}

function table({ features, rows, labels }) {
  const names = [...features.slice(0, COLUMNS), ...(features.length > COLUMNS ? ["…"] : [])];
  const heads = [...names, t("data.class")].map((name) => h("th", { scope: "col" }, name));
  const cells = (row) => [...row.slice(0, COLUMNS).map((value) => number(value)), ...(features.length > COLUMNS ? ["…"] : [])];
  const lines = rows.slice(0, IN_TABLE).map((row, i) => h("tr", {}, [...cells(row), labels[i]].map((cell) => h("td", {}, cell))));
  const caption = h("caption", {}, t("data.first_rows"));
  const whole = h("table", { class: "table" }, caption, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, lines));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("data.first_rows") }, whole);
}

function actions(data, text, query) {
  const train = h("a", { class: "button primary" }, t("data.train_on_this"));
  const link = (held) => {
    const model = { kind: text ? "char_rnn" : "mlp" };
    const training = held ? { training: { validation_fraction: held } } : {};
    train.href = href("/new", { run: JSON.stringify({ dataset: { kind: "stored", id: data.id }, model, ...training }) });
  };
  const held = split(Number(query.get("held_out")) || 0, (share) => {
    setQuery({ held_out: share || null });
    link(share);
  });
  held.show(data.examples);
  link(held.value());
  const remove = h("button", { type: "button", class: "danger", onClick: () => erase(data) }, t("data.delete"));
  const api = apiButton(() => ({ method: "GET", path: `/v1/datasets/${data.id}` }), { label: data.name });
  return h("div", { class: "stack" }, held.element, h("div", { class: "row" }, train, remove, api));
}

async function erase({ id, name }) {
  const request = { method: "DELETE", path: `/v1/datasets/${id}` };
  const question = { title: t("data.delete_title", { name }), text: t("data.delete_text"), verb: t("data.delete"), request };
  if ((await confirmed(question)) !== false) go("/data");
}
