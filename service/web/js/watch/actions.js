/** Pause, resume, cancel, extend, fork, promote, use: shown only where the API allows them. */

import { post } from "../api.js";
import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { href } from "../router.js";
import { apiButton } from "../snippets.js";
import { askExtend, askPromote } from "./dialogs.js";
import { downloads } from "./downloads.js";
import { askFork } from "./fork.js";
import { allowed } from "./status.js";

const AT_ONCE = ["pause", "resume", "cancel"];

/**
 * Make the row of buttons.
 * @param {Feed} feed
 * @param {function(Error): void} fail
 * @returns {{element: HTMLElement, draw: function(): void}}
 */
export function buttons(feed, fail) {
  const menu = downloads(feed, fail);
  const all = {
    ...Object.fromEntries(AT_ONCE.map((verb) => [verb, atOnce(feed, verb, fail)])),
    extend: opener(t("watch.extend"), () => askExtend(feed)),
    fork: opener(t("watch.fork"), () => askFork(feed).catch(fail)),
    promote: opener(t("watch.promote"), () => askPromote(feed)),
    use: h("a", { class: "button primary", id: "use-run" }),
  };
  const row = { class: "row watch-actions", role: "group", "aria-label": t("watch.actions") };
  const element = h("div", row, Object.values(all), menu);
  return { element, draw: () => draw(feed, all, menu) };
}

function draw(feed, all, menu) {
  const may = allowed(feed.run, feed.checkpoints);
  for (const name of [...AT_ONCE, "extend", "fork", "use"]) all[name].hidden = !may[name];
  all.promote.hidden = !may.use;
  menu.hidden = !may.use;
  all.use.href = href(`/use/run/${feed.run.id}`);
  const word = feed.run.model.kind === "char_rnn" ? t("watch.write") : t("watch.predict");
  if (all.use.textContent !== word) replace(all.use, word);
}

/** A button that does it, joined with one that shows how. */
function atOnce(feed, verb, fail) {
  const request = () => ({ method: "POST", path: `${feed.path}/${verb}` });
  const act = async () => {
    const row = button.closest(".watch-actions");
    button.disabled = true;
    try {
      feed.run = await post(`${feed.path}/${verb}`, undefined, { signal: feed.signal });
      feed.tell("run");
    } catch (error) {
      fail(error);
    }
    button.disabled = false;
    if (document.activeElement === document.body || document.activeElement === button) focusOn(button, row);
    feed.refresh();
  };
  const look = verb === "cancel" ? "danger" : "";
  const button = h("button", { type: "button", class: look, onclick: act }, t(`watch.${verb}`));
  return h("span", { class: "joined" }, button, apiButton(request, { label: t(`watch.${verb}`) }));
}

/** Keep the focus in the row: on the button, or on the first one that is left if it is not there any more. */
function focusOn(button, row) {
  const there = [button, ...row.querySelectorAll("button, a")].find((one) => one.checkVisibility());
  there?.focus();
}

function opener(label, open) {
  return h("button", { type: "button", "aria-haspopup": "dialog", onclick: open }, label);
}
