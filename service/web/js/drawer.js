/** The requests that the page has really made, the newest first. */

import { log } from "./api.js";
import { h, replace } from "./dom.js";
import { language, t } from "./i18n.js";
import { apiButton } from "./snippets.js";

/**
 * Make the list of requests; it grows while the page works.
 * @returns {HTMLElement}
 */
export function drawer() {
  const list = h("ol", { class: "requests", "aria-label": t("api.requests") });
  const count = h("p", { class: "hint" });
  const draw = () => {
    if (list.contains(document.activeElement)) return; // what has the focus stays
    const groups = grouped(log.entries);
    replace(count, t("api.requests_made", { count: log.entries.length }));
    replace(list, groups.map(item));
  };
  let frame = 0;
  const follow = () => {
    if (!list.isConnected) log.removeEventListener("entry", follow);
    else frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  };
  log.addEventListener("entry", follow);
  list.addEventListener("focusout", () => setTimeout(draw));
  draw();
  return h("div", { class: "stack" }, h("p", { class: "muted" }, t("api.requests_intro")), count, list);
}

/** Requests that were made many times in a row, such as those that wait, stand once. */
function grouped(entries) {
  const groups = [];
  for (const entry of [...entries].sort((one, other) => other.at - one.at)) {
    const last = groups.at(-1);
    if (last && entry.method === "GET" && last.key === keyOf(entry)) last.times += 1;
    else groups.push({ entry, key: keyOf(entry), times: 1 });
  }
  return groups;
}

function keyOf({ method, path, status }) {
  return `${method} ${path} ${status}`;
}

function item({ entry, times }) {
  const { method, path, status, ms } = entry;
  const good = status >= 200 && status < 400;
  const state = h("span", { class: good ? "badge badge-good" : status === null ? "badge" : "badge badge-bad" }, outcome(status));
  const facts = [clock(entry.at), ms === undefined || ms === null ? null : t("api.ms", { ms: Math.round(ms) }),
    times > 1 ? t("api.times", { count: times }) : null].filter(Boolean);
  return h("li", { class: "request" },
    h("div", { class: "request-line" }, h("span", { class: "api-method" }, method), " ", h("span", { class: "request-path" }, decoded(path))),
    h("div", { class: "request-facts" }, state, h("span", {}, facts.join(" · ")),
      apiButton(() => entry, { label: `${method} ${path.split("?")[0]}` })));
}

function outcome(status) {
  return status === null ? t("api.open") : status || t("api.no_answer");
}

function decoded(path) {
  try {
    return decodeURI(path.replaceAll("+", " "));
  } catch {
    return path;
  }
}

function clock(at) {
  return new Intl.DateTimeFormat(language(), { timeStyle: "medium" }).format(at);
}
