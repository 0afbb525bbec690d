/** The versions of a model, and the aliases that stand for them. */

import { h, replace } from "../dom.js";
import { number, t } from "../i18n.js";
import { href } from "../router.js";
import { confirmed } from "../shell/confirm.js";
import { moment, nameOf } from "../runs/format.js";

/**
 * Make the table of versions, the newest first.
 * @param {object} model
 * @param {Map<string, string|null>} names of runs by their ids
 * @param {() => void} onchange
 */
export function versionsTable(model, names, onchange) {
  const head = ["version", "kind", "run", "step", "aliases", "created"].map((name) =>
    h("th", { scope: "col", class: name === "step" ? "right" : null }, t(`models.c_${name}`)));
  const rows = [...model.versions].reverse().map((version) => row(model, version, names, onchange));
  return h("div", { class: "scroll" }, h("table", { class: "table versions-table" }, h("caption", { class: "visually-hidden" }, t("models.versions")),
    h("thead", {}, h("tr", {}, head, h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, t("runs.actions"))))), h("tbody", {}, rows)));
}

function row(model, version, names, onchange) {
  const answers = version.version === model.served ? h("span", { class: "badge badge-good" }, t("models.answers")) : null;
  const aliases = version.aliases.map((alias) => aliasBadge(model, alias, onchange));
  const cell = (name, ...inside) => h("td", { class: name === "step" ? "right number" : null, dataset: { label: t(`models.c_${name}`) } }, inside);
  return h("tr", {}, h("th", { scope: "row", class: "number", dataset: { label: t("models.c_version") } }, number(version.version), " ", answers), cell("kind", version.kind),
    cell("run", h("a", { href: href(`/runs/${version.run}`), title: version.run }, nameOf({ id: version.run, name: names.get(version.run) }))), cell("step", number(version.step)),
    cell("aliases", h("span", { class: "row" }, aliases.length ? aliases : "–")), cell("created", moment(version.created_at)),
    h("td", {}, actions(model, version, onchange)));
}

function actions(model, version, onchange) {
  const uses = href(`/use/model/${encodeURIComponent(model.id)}`, { version: version.version });
  const isProduction = version.aliases.includes("production");
  const promote = h("button", { type: "button", class: "small", onclick: () => ask(movement(model, version), onchange) }, t("models.make_production"));
  const remove = h("button", { type: "button", class: "small quiet", "aria-label": t("models.delete_version", { version: version.version }),
    onclick: () => ask(removal(model, version), onchange) }, t("models.delete"));
  const free = !version.aliases.length && model.versions.length > 1;
  return h("span", { class: "row" }, h("a", { class: "button small", href: uses, "aria-label": t("models.use_version", { version: version.version }) }, t("runs.use")),
    isProduction ? null : promote, free ? remove : null);
}

function aliasBadge(model, alias, onchange) {
  const away = { title: t("models.remove_alias", { alias }), text: t("models.remove_alias_text"), verb: t("models.remove"),
    request: { method: "DELETE", path: `/v1/models/${encodeURIComponent(model.id)}/aliases/${encodeURIComponent(alias)}` } };
  return h("span", { class: "badge badge-accent alias" }, alias, h("button", { type: "button", class: "quiet small", "aria-label": t("models.remove_alias", { alias }),
    onclick: () => ask(away, onchange) }, h("span", { "aria-hidden": "true" }, "×")));
}

function movement(model, { version, run, checkpoint }) {
  return { title: t("models.move_title", { version }), text: t("models.move_text", { name: model.id }), verb: t("models.make_production"), look: "primary",
    request: { method: "PUT", path: `/v1/models/${encodeURIComponent(model.id)}/aliases/production`, body: { run, checkpoint } } };
}

function removal(model, { version }) {
  return { title: t("models.delete_version", { version }), text: t("models.delete_version_text"), verb: t("models.delete"),
    request: { method: "DELETE", path: `/v1/models/${encodeURIComponent(model.id)}/versions/${version}` } };
}

async function ask(question, onchange) {
  if ((await confirmed(question)) !== false) onchange();
}

/**
 * Make the table of models.
 * @param {object[]} models
 */
export function modelsTable(models) {
  const head = ["name", "answers", "versions", "aliases", "created"].map((name) => h("th", { scope: "col" }, t(`models.c_${name}`)));
  return h("div", { class: "scroll" }, h("table", { class: "table models-table" }, h("caption", { class: "visually-hidden" }, t("models.title")),
    h("thead", {}, h("tr", {}, head, h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, t("runs.actions"))))),
    replace(h("tbody"), models.map(modelRow))));
}

function modelRow(model) {
  const path = encodeURIComponent(model.id);
  const served = model.versions.find(({ version }) => version === model.served);
  const aliases = Object.entries(model.aliases).map(([alias, version]) => h("span", { class: "badge badge-accent" }, `${alias} ${version}`));
  const cell = (name, ...inside) => h("td", { dataset: { label: t(`models.c_${name}`) } }, inside);
  return h("tr", {}, h("th", { scope: "row" }, h("a", { href: href(`/models/${path}`) }, model.id)),
    cell("answers", t("models.version_of", { version: model.served, kind: served?.kind ?? "" })), cell("versions", number(model.versions.length)),
    cell("aliases", h("span", { class: "row" }, aliases.length ? aliases : "–")), cell("created", moment(model.created_at)),
    h("td", {}, h("a", { class: "button small", href: href(`/use/model/${path}`), "aria-label": t("models.use_model", { name: model.id }) }, t("runs.use"))));
}
