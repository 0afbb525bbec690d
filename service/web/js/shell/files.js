/** Files: of the server, fetched with the key that a plain link would not send, and of the page. */

import { request } from "../api.js";
import { h } from "../dom.js";

/**
 * Hand a file to the browser.
 * @param {Blob|string} content
 * @param {string} name
 * @param {string} [type]
 */
export function save(content, name, type = "text/csv;charset=utf-8") {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/**
 * Fetch a file of the server and hand it to the browser.
 * @param {string} path
 * @param {string} name
 * @param {{query?: object, signal?: AbortSignal}} [options]
 */
export async function take(path, name, options = {}) {
  save(await request("GET", path, { ...options, as: "blob", headers: { Accept: "*/*" } }), name);
}

/**
 * Make a link to a file of the server.
 * @param {string} text
 * @param {string} path
 * @param {string} name
 * @param {(error: Error) => void} fail
 * @param {string} label  what those who hear the page are told
 */
export function fileLink(text, path, name, fail, label) {
  const onclick = (event) => {
    event.preventDefault();
    take(path, name).catch(fail);
  };
  return h("a", { href: path, download: name, "aria-label": label, onclick }, text);
}
