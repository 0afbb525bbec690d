/** The bar that tells which runs are selected, and leads to their comparison. */

import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { href } from "../router.js";
import { MOST_SELECTED } from "./request.js";

/**
 * Make the bar.
 * @param {() => void} onclear
 * @returns {{element: HTMLElement, show: (ids: string[]) => void}}
 */
export function selectionBar(onclear) {
  const element = h("div", { class: "runs-selection", role: "region", "aria-label": t("runs.selection"), hidden: true });
  const show = (ids) => {
    element.hidden = !ids.length;
    const full = ids.length === MOST_SELECTED ? h("span", { class: "hint" }, t("runs.most", { count: MOST_SELECTED })) : null;
    replace(element, h("strong", {}, t("runs.selected", { count: ids.length })), full, h("span", { class: "grow" }),
      h("button", { type: "button", class: "quiet", onclick: onclear }, t("runs.clear_selection")),
      h("a", { class: "button primary", href: href("/compare", { ids: ids.join(",") }) }, t("runs.compare")));
  };
  return { element, show };
}
