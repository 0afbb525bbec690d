/** Writing: a char_rnn goes on from a prompt, character by character. */

import { events } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { placeOf } from "../form/problems.js";
import { t } from "../i18n.js";
import { setQuery } from "../router.js";
import { notice } from "../shell/notice.js";
import { apiButton, copyText } from "../snippets.js";
import { wishForm } from "./wish.js";

/**
 * Make the part of the view that writes text.
 * @param {{target: Target, query: URLSearchParams, signal: AbortSignal}} parts
 * @returns {{element: HTMLElement, again: () => void}}
 */
export function writer(parts) {
  const one = new Writer(parts);
  return { element: one.element, again: () => one.idle() };
}

class Writer {
  constructor({ target, query, signal }) {
    Object.assign(this, { target, signal });
    this.wish = wishForm(query, target.run.data.classes, (changes) => setQuery(changes));
    this.trouble = h("div");
    this.start = h("button", { type: "submit", class: "primary" }, t("use.write"));
    this.stop = h("button", { type: "button", disabled: true, onclick: () => this.under?.abort() }, t("use.stop"));
    this.paper = h("pre", { class: "paper", id: "use-text", tabindex: "0", role: "region", "aria-label": t("use.text") });
    this.facts = h("p", { class: "hint number" });
    this.copy = h("button", { type: "button", class: "small", disabled: true, onclick: () => copyText(this.paper.textContent) }, t("use.copy_text"));
    this.element = h("div", { class: "split use-writer" }, this.page(), this.form());
    signal.addEventListener("abort", () => this.under?.abort());
    this.idle();
  }

  form() {
    return h("form", { class: "card", novalidate: true, "aria-label": t("use.wish"), onsubmit: (event) => {
      event.preventDefault();
      this.write();
    } }, h("div", { class: "row between" }, h("h2", {}, t("use.wish")),
      apiButton(() => this.target.generate(this.wish.value()), { label: t("use.write") })),
    this.wish.element, this.trouble, h("div", { class: "row" }, this.start, this.stop));
  }

  page() {
    return h("section", { class: "card", "aria-label": t("use.text") }, h("div", { class: "row between" }, h("h2", {}, t("use.text")), this.copy), this.paper, this.facts);
  }

  idle() {
    if (!this.paper.textContent) replace(this.paper, h("span", { class: "muted" }, t("use.empty_paper")));
  }

  /** Write until the end, until it is stopped, or until something else is asked for. */
  async write() {
    this.under?.abort();
    const under = (this.under = new AbortController());
    const { method, path, body } = this.target.generate(this.wish.value());
    this.wish.clear();
    replace(this.trouble);
    this.begin(body.prompt);
    try {
      for await (const { event, data } of events(path, { method, body, signal: AbortSignal.any([under.signal, this.signal]) })) {
        if (event === "character") this.put(data.text);
        if (event === "done") this.end(data);
      }
    } catch (error) {
      if (!under.signal.aborted && !this.signal.aborted) this.fail(error);
    }
    if (this.under !== under) return;
    this.flush();
    if (under.signal.aborted) replace(this.facts, t("use.stopped", { count: this.count }));
    this.busy(false);
  }

  begin(prompt) {
    this.began = performance.now();
    this.count = 0;
    this.waiting = "";
    this.body = document.createTextNode("");
    replace(this.paper, h("span", { class: "prompt" }, prompt), this.body, h("span", { class: "caret", "aria-hidden": "true" }));
    replace(this.facts, t("use.writing"));
    this.busy(true);
  }

  /** Characters that come within a frame are put down together. */
  put(text) {
    this.waiting += text;
    this.count += 1;
    this.frame ??= requestAnimationFrame(() => this.flush());
  }

  flush() {
    cancelAnimationFrame(this.frame);
    this.frame = undefined;
    const follows = this.paper.scrollTop + this.paper.clientHeight >= this.paper.scrollHeight - 24;
    this.body.appendData(this.waiting);
    this.waiting = "";
    if (follows) this.paper.scrollTop = this.paper.scrollHeight;
  }

  end({ length, step }) {
    this.flush();
    const seconds = Math.max(0.001, (performance.now() - this.began) / 1000);
    replace(this.facts, t("use.written", { count: length, rate: Math.round(length / seconds), step }));
    announce(t("use.written_short", { count: length }));
  }

  busy(on) {
    this.stop.disabled = !on;
    this.copy.disabled = on;
    this.paper.setAttribute("aria-busy", String(on));
    if (!on) this.paper.querySelector(".caret")?.remove();
  }

  fail(error) {
    replace(this.facts);
    const left = (error.errors ?? []).filter(({ pointer, detail }) => {
      const found = placeOf(this.wish.places, pointer);
      found?.say(detail);
      return !found;
    });
    if (left.length || !error.errors?.length) replace(this.trouble, notice(error));
    else this.wish.focusProblem();
  }
}
