/** What can be taken along: the model as a file, the curves as a table. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { take } from "../shell/files.js";
import { apiButton } from "../snippets.js";

const FORMATS = ["npz", "safetensors", "onnx"];

/**
 * Make the menu of files.
 * @param {Feed} feed
 * @param {function(Error): void} fail
 */
export function downloads(feed, fail) {
  const at = () => ({ path: `${feed.path}/export`, of: feed.run.id });
  const models = FORMATS.map((format) => ({
    label: t(`watch.file_${format}`),
    request: () => ({ method: "GET", path: at().path, query: { format } }),
    name: () => `${at().of}.${format}`,
  }));
  const curves = {
    label: t("watch.file_csv"),
    request: () => ({ method: "GET", path: `${feed.path}/metrics.csv` }),
    name: () => `${at().of}.csv`,
  };
  const start = (item) => {
    menu.open = false;
    const { path, query } = item.request();
    take(path, item.name(), { query, signal: feed.signal }).catch((error) => !feed.signal.aborted && fail(error));
  };
  const items = [...models, curves].map((item) => {
    const button = h("button", { type: "button", class: "quiet", onclick: () => start(item) }, item.label);
    return h("li", {}, button, apiButton(item.request, { label: item.label }));
  });
  const menu = h("details", { class: "menu" }, h("summary", {}, t("watch.export")), h("ul", { class: "menu-list" }, items));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target) && !event.target.closest("dialog")) menu.open = false;
  }, { signal: feed.signal });
  return menu;
}
