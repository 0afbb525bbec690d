/** Named models: all of them, or one with its versions and aliases. */

import { get } from "../api.js";
import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { current, go, href, setQuery } from "../router.js";
import { confirmed } from "../shell/confirm.js";
import { namesById } from "../runs/load.js";
import { pager } from "../runs/pager.js";
import { apiButton } from "../snippets.js";
import { promoteForm } from "../use/promote.js";
import { modelsTable, versionsTable } from "../use/versions.js";

const PAGE = 50;

export const title = (words) => words("models.title");

/** Show the view. */
export async function show(root, { params, query, signal }) {
  return params.name === undefined ? showAll(root, query, signal) : showOne(root, params.name, signal);
}

function listRequest() {
  return { method: "GET", path: "/v1/models", query: { limit: PAGE, after: current().query.get("after") } };
}

async function showAll(root, query, signal) {
  const list = h("section", { class: "card", "aria-label": t("models.title") });
  const pages = pager((after) => {
    setQuery({ after }, { push: true });
    load();
  });
  const load = async () => {
    const { path, query: wish } = listRequest();
    const { data, has_more: more, last_id: last } = await get(path, { query: wish, signal });
    pages.show({ after: wish.after ?? "", next: more ? last : null, count: data.length, noun: "models" });
    replace(list, data.length ? [modelsTable(data), pages.element] : h("div", { class: "empty" }, h("p", {}, t("models.none"))));
  };
  root.append(h("div", { class: "page-head" },
    h("div", {}, h("h1", {}, t("models.title")), h("p", { class: "lead" }, t("models.lead"))), apiButton(listRequest, { label: t("models.list_label") })));
  const form = promoteForm({ run: query.get("run") ?? "", checkpoint: query.get("checkpoint") ?? "latest", signal });
  root.append(...(query.get("run") ? [form, list] : [list, form]));
  await load();
  return { update: () => load() };
}

async function showOne(root, name, signal) {
  const path = `/v1/models/${encodeURIComponent(name)}`;
  const versions = h("section", { class: "card", "aria-labelledby": "versions-title" });
  const lead = h("p", { class: "lead" });
  const load = async () => {
    const model = await get(path, { signal });
    const names = await namesById(model.versions.map(({ run }) => run).reverse(), signal).catch(() => new Map());
    replace(lead, t("models.served", { version: model.served, count: model.versions.length }));
    replace(versions, h("h2", { id: "versions-title" }, t("models.versions")), versionsTable(model, names, load));
  };
  await load();
  const remove = async () => {
    const wish = { method: "DELETE", path };
    const answer = await confirmed({ title: t("models.delete_title", { name }), text: t("models.delete_text"), verb: t("models.delete"), request: wish });
    if (answer !== false) go("/models");
  };
  root.append(h("div", { class: "page-head" }, h("div", {}, h("p", { class: "small" }, h("a", { href: href("/models") }, t("models.title"))), h("h1", {}, name), lead),
    h("div", { class: "row" }, apiButton(() => ({ method: "GET", path }), { label: t("models.read_label") }),
      h("button", { type: "button", class: "danger", onclick: remove }, t("models.delete")),
      h("a", { class: "button primary", href: href(`/use/model/${encodeURIComponent(name)}`) }, t("runs.use")))), versions);
  root.append(promoteForm({ name, signal, ondone: load }));
}
