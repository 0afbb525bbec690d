/** The datasets that the server keeps. */

import { get } from "../api.js";
import { h, replace } from "../dom.js";
import { language, number, t } from "../i18n.js";
import { href } from "../router.js";
import { notice } from "../shell/notice.js";
import { apiButton } from "../snippets.js";
import { named } from "./thumbs.js";

const LIMIT = 8;

/**
 * Make the card.
 * @param {AbortSignal} signal
 */
export function storedCard(signal) {
  const body = h("tbody", {});
  const more = h("button", { type: "button", hidden: true }, t("data.more"));
  const place = h("div", { class: "scroll" });
  const columns = ["data.name", "data.kind", "data.examples", "data.classes", "data.made"];
  const heads = columns.map((key, i) => h("th", { scope: "col", class: i === 2 || i === 3 ? "right" : null }, t(key)));
  const table = h("table", { class: "table" }, h("thead", {}, h("tr", {}, heads)), body);
  const list = { after: null };

  async function next() {
    try {
      const page = await get("/v1/datasets", { query: { limit: LIMIT, after: list.after }, signal });
      list.after = page.last_id;
      body.append(...page.data.map(rowOf));
      more.hidden = !page.has_more;
      replace(place, body.children.length ? table : h("p", { class: "muted" }, t("data.none")));
    } catch (error) {
      if (!signal.aborted) replace(place, notice(error));
    }
  }
  more.addEventListener("click", next);
  next();
  const api = apiButton(() => ({ method: "GET", path: "/v1/datasets", query: { limit: LIMIT } }), { label: t("data.stored") });
  return h("section", { class: "card" }, h("div", { class: "row between" }, h("h2", {}, t("data.stored")), api), place, more);
}

function rowOf(data) {
  const name = h("a", { href: href("/data", { dataset: data.id }) }, data.name);
  const made = new Intl.DateTimeFormat(language(), { dateStyle: "medium" }).format(new Date(data.created_at));
  return h(
    "tr",
    {},
    h("td", { class: "name-cell" }, name),
    h("td", {}, named(data.kind)),
    h("td", { class: "right" }, number(data.examples)),
    h("td", { class: "right" }, number(data.classes.length)),
    h("td", { class: "muted nowrap" }, made),
  );
}
