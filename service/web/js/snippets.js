/** "How do I do this by API": each action as curl, Python and CLI, in a dialog. */

import { key } from "./api.js";
import { announce, h, replace } from "./dom.js";
import { t } from "./i18n.js";
import { openDialog } from "./shell/dialog.js";
import { cli } from "./snippets/cli.js";
import { client } from "./snippets/client.js";
import { curl } from "./snippets/curl.js";
import { httpx } from "./snippets/python.js";

const WRITERS = { curl, httpx, client, cli };
const LONGEST_SHOWN = 6000;
let chosen = "curl";

/**
 * Write a request in every way that there is for it.
 * @param {{method: string, path: string, query?: object, body?: unknown, headers?: object, cli?: string, client?: string}} request
 * @param {{origin?: string, key?: boolean}} [context]
 * @returns {[string, string][]} name and text of each: curl, httpx, client, cli
 */
export function snippets(request, { origin = location.origin, key: keyed = Boolean(key()) } = {}) {
  const texts = Object.entries(WRITERS).map(([name, write]) => [name, write(request, { origin, key: keyed })]);
  return texts.filter(([, text]) => text);
}

/**
 * Make a button that shows how a request is made by curl, httpx, the client and the CLI.
 * @param {() => object} getRequest  called when it is opened: `{method, path, query?, body?, headers?, cli?, client?}`
 * @param {{label?: string}} [options]  what the request does, for those who hear the page
 * @returns {HTMLButtonElement}
 */
export function apiButton(getRequest, { label = "" } = {}) {
  const name = label ? t("api.button_for", { action: label }) : t("api.button_name");
  const mark = h("span", { class: "api-mark", "aria-hidden": "true" }, "</>");
  return h("button", { type: "button", class: "api-button quiet small", "aria-haspopup": "dialog", "aria-label": name,
    onclick: () => open(getRequest()) }, mark, h("span", {}, "API"));
}

function open(request) {
  const texts = snippets(request);
  const code = h("code");
  const pre = h("pre", { class: "api-code", tabindex: "0", role: "tabpanel", id: "api-panel" }, code);
  const shown = { text: "" };
  const tabs = texts.map(([name, text]) => tab(name, () => show(name, text)));
  function show(name, text) {
    chosen = name;
    shown.text = text;
    code.textContent = text.length > LONGEST_SHOWN ? t("api.cut", { text: text.slice(0, LONGEST_SHOWN), count: text.length }) : text;
    for (const one of tabs) mark(one, one.id === `api-tab-${name}`, pre);
  }
  const dialog = frame(request, h("div", { class: "tabs", role: "tablist", "aria-label": t("api.ways") }, tabs), pre, shown);
  const first = texts.find(([name]) => name === chosen) ?? texts[0];
  show(...first);
  openDialog(dialog);
}

function tab(name, onclick) {
  return h("button", { type: "button", role: "tab", id: `api-tab-${name}`, "aria-controls": "api-panel", onclick,
    onkeydown: arrows }, t(`api.${name}`));
}

function mark(one, selected, panel) {
  one.setAttribute("aria-selected", String(selected));
  one.tabIndex = selected ? 0 : -1;
  if (selected) panel.setAttribute("aria-labelledby", one.id);
}

function arrows(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...event.currentTarget.parentElement.children];
  const next = all[(all.indexOf(event.currentTarget) + step + all.length) % all.length];
  next.click();
  next.focus();
}

function frame(request, tabs, pre, shown) {
  const copied = h("span", { class: "api-copied", role: "status" });
  const copy = h("button", { type: "button", class: "primary", onclick: async () => {
    await copyText(shown.text);
    replace(copied, t("api.copied"));
  } }, t("api.copy"));
  const close = h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, t("api.close"));
  const note = key() ? h("p", { class: "hint" }, t("api.key_note")) : null;
  const title = h("h2", { id: "api-title", class: "api-title" }, h("span", { class: "api-method" }, request.method), " ",
    h("span", {}, request.path.split("?")[0]));
  const dialog = h("dialog", { class: "dialog api-dialog", "aria-labelledby": "api-title", onclick: (event) => {
    if (event.target === dialog) dialog.close();
  } }, h("div", { class: "stack" }, title, h("p", { class: "hint" }, t("api.intro")), tabs, pre, note,
    h("div", { class: "row" }, copy, copied, close)));
  return dialog;
}

/**
 * Copy a text; where the browser gives pages no clipboard, by way of a selection.
 * @param {string} text
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = h("textarea", { class: "visually-hidden", "aria-hidden": "true" });
    field.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  announce(t("api.copied"));
}
