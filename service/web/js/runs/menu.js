/** What can be done with a run, in a menu at its row. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { href } from "../router.js";
import { confirmed } from "../shell/confirm.js";
import { ACTIVE, nameOf } from "./format.js";

/**
 * Make the button that opens the menu of a run.
 * @param {object} run
 * @param {(changed: object|null) => void} onchange  told the run as it is now, or null when it is deleted
 */
export function menuButton(run, onchange) {
  const button = h("button", { type: "button", class: "quiet small run-menu-button", "aria-expanded": "false",
    "aria-label": t("runs.menu", { name: nameOf(run) }) }, h("span", { "aria-hidden": "true" }, "⋯"));
  button.addEventListener("click", () => open(button, run, onchange));
  return button;
}

function open(button, run, onchange) {
  const menu = h("div", { class: "run-menu", popover: "auto" }, items(run, (act) => () => {
    menu.hidePopover();
    act().then((answer) => answer !== false && onchange(answer));
  }));
  menu.addEventListener("toggle", ({ newState }) => {
    button.setAttribute("aria-expanded", String(newState === "open"));
    if (newState === "open") return;
    if (menu.contains(document.activeElement)) button.focus();
    menu.remove();
  });
  menu.addEventListener("keydown", arrows);
  button.after(menu);
  menu.showPopover();
  place(menu, button);
  menu.querySelector("a, button").focus();
}

function items(run, acting) {
  const link = (word, path, query) => h("a", { class: "run-menu-item", href: href(path, query) }, t(word));
  const action = (word, act) => h("button", { type: "button", class: "run-menu-item", onclick: acting(act) }, t(word));
  return [
    link("runs.open", `/runs/${run.id}`),
    link("runs.use", `/use/run/${run.id}`),
    link("runs.promote", "/models", { run: run.id }),
    ACTIVE.has(run.status) && !run.cancel_requested ? action("runs.cancel", () => cancel(run)) : null,
    run.status === "running" ? null : action("runs.delete", () => remove(run)),
  ];
}

function cancel(run) {
  return confirmed({ title: t("runs.cancel_title", { name: nameOf(run) }), text: t("runs.cancel_text"), verb: t("runs.cancel"),
    request: { method: "POST", path: `/v1/runs/${run.id}/cancel` } });
}

function remove(run) {
  return confirmed({ title: t("runs.delete_title", { name: nameOf(run) }), text: t("runs.delete_text"), verb: t("runs.delete"),
    request: { method: "DELETE", path: `/v1/runs/${run.id}` } });
}

/** Put the menu below its button, or above it where there is no room. */
function place(menu, button) {
  const at = button.getBoundingClientRect();
  const below = at.bottom + menu.offsetHeight + 8 < innerHeight;
  menu.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - menu.offsetHeight - 4)}px`;
  menu.style.left = `${Math.max(8, Math.min(at.right, innerWidth - 8) - menu.offsetWidth)}px`;
}

function arrows(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...event.currentTarget.children];
  all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
}
