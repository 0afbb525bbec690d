/** Back and forth through the pages of a list that has cursors. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

/**
 * Make the buttons below a list. Cursors lead forward only: those of the pages that were seen are remembered for the way back.
 * @param {(after: string|null) => void} onpage
 * @returns {{element: HTMLElement, show: (page: {after: string, next: string|null, count: number, noun?: string}) => void}}
 */
export function pager(onpage) {
  const before = new Map();
  let at = { after: "", next: null };
  const first = h("button", { type: "button", class: "quiet", onclick: () => onpage(null) }, t("runs.first_page"));
  const previous = h("button", { type: "button", onclick: () => onpage(before.get(at.after) || null) }, t("runs.previous_page"));
  const next = h("button", { type: "button", onclick: () => {
    before.set(at.next, at.after);
    onpage(at.next);
  } }, t("runs.next_page"));
  const count = h("span", { class: "muted small number" });
  const buttons = h("div", { class: "row" }, first, previous, next);
  const element = h("nav", { class: "row between runs-pager", "aria-label": t("runs.pages") }, count, buttons);
  const show = (page) => {
    at = page;
    first.disabled = !page.after;
    previous.disabled = !before.has(page.after);
    next.disabled = !page.next;
    count.textContent = t(`${page.noun ?? "runs"}.${page.next ? "shown_more" : "shown"}`, { count: page.count });
    buttons.hidden = !page.after && !page.next;
    element.hidden = !page.after && !page.next && !page.count;
  };
  return { element, show };
}
