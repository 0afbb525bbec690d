/** What the server suggests, and a button that does it. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { askFork } from "./fork.js";
import { unseen } from "./parts.js";
import { said } from "./said.js";
import { allowed } from "./status.js";

const LOOK = { error: "notice-bad", warning: "notice-warn", info: "" };

/** Make the list of hints; what a hint proposes to change can be forked with at once. */
export function hints(feed, found, fail) {
  if (!found.length) return h("p", { class: "muted" }, t("watch.no_hints"));
  return h("ul", { class: "hints", "aria-label": t("watch.hints") }, found.map((hint) => entry(feed, hint, fail)));
}

function entry(feed, { severity, message, suggestion, overrides }, fail) {
  const [what, advice] = [said("hint", message), said("advice", suggestion)];
  const words = h("div", { class: "stack-tight" }, h("p", { lang: what.lang }, h("strong", {}, sentence(what))),
    h("p", { class: "small", lang: advice.lang }, sentence(advice)));
  const may = overrides && allowed(feed.run, feed.checkpoints).fork;
  const button = may ? forker(feed, overrides, fail) : null;
  return h("li", { class: `notice ${LOOK[severity]}` }, unseen(t(`watch.severity_${severity}`)), words, button);
}

function forker(feed, overrides, fail) {
  const label = t("watch.fork_with", { what: short(overrides) });
  return h("button", { type: "button", class: "small", onclick: () => askFork(feed, overrides).catch(fail) }, label);
}

function short(overrides) {
  return Object.values(overrides).flatMap((part) => Object.entries(part)).map(([name, value]) => `${name} ${value}`).join(", ");
}

function sentence({ text, lang }) {
  const begun = lang === "en" ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return begun + (/[.!?]$/.test(text) ? "" : ".");
}
