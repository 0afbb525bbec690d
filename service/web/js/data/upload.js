/** The card that takes a file: by drag and drop, or by a button. */

import { request } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { go } from "../router.js";
import { apiButton } from "../snippets.js";
import { place } from "../form/problems.js";
import { excerpt } from "./excerpt.js";

const TYPES = ".csv,.tsv,.parquet,.npz,.txt,.text,.md";

/**
 * Make the card.
 * @param {AbortSignal} signal
 */
export function uploadCard(signal) {
  return new Upload(signal).element;
}

class Upload {
  constructor(signal) {
    this.signal = signal;
    this.file = null;
    this.input = h("input", { type: "file", id: "upload-file", class: "visually-hidden", accept: TYPES, onChange: () => this.take(this.input.files[0]) });
    this.chosen = h("p", { class: "muted", id: "upload-chosen" }, t("data.drop"));
    const pick = h("label", { class: "button-like", for: "upload-file" }, t("data.choose_file"));
    this.drop = h("div", { class: "drop" }, this.input, pick, this.chosen);
    this.label = h("input", { type: "text", id: "upload-label", autocomplete: "off", spellcheck: "false" });
    this.again = h("button", { type: "button", hidden: true, onClick: () => this.send() }, t("data.upload"));
    this.fileError = h("p", { class: "error", id: "upload-file-error" });
    this.labelError = h("p", { class: "error", id: "upload-label-error" });
    this.excerpt = h("div", { class: "scroll" });
    this.places = { file: place(this.input, this.fileError, ["upload-chosen"]), label: place(this.label, this.labelError, ["upload-label-hint"]) };
    this.element = this.build();
    this.listen();
  }

  build() {
    const hint = h("p", { class: "hint", id: "upload-label-hint" }, t("data.label_hint"));
    const label = h("div", { class: "field" }, h("label", { for: "upload-label" }, t("data.label")), this.label, hint, this.labelError);
    const api = apiButton(() => this.request(), { label: t("data.upload") });
    const head = h("div", { class: "row between" }, h("h2", {}, t("data.own")), api);
    const file = h("div", { class: "field" }, this.drop, this.fileError, this.excerpt);
    return h("section", { class: "card" }, head, h("p", { class: "hint" }, t("data.formats")), file, label, this.again);
  }

  listen() {
    const over = (on) => (event) => {
      event.preventDefault();
      this.drop.classList.toggle("over", on);
    };
    this.drop.addEventListener("dragover", over(true));
    this.drop.addEventListener("dragleave", over(false));
    this.drop.addEventListener("drop", (event) => {
      over(false)(event);
      this.take(event.dataTransfer.files[0]);
    });
    for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault(), { signal: this.signal });
  }

  /** What the upload is as a request: the snippets show it. */
  request() {
    const form = { file: `@${this.file?.name ?? "examples/iris.csv"}` };
    if (this.label.value.trim()) form.label = this.label.value.trim();
    return { method: "POST", path: "/v1/datasets/upload", form };
  }

  take(file) {
    if (!file) return;
    this.file = file;
    this.chosen.textContent = t("data.file", { name: file.name, size: Math.max(1, Math.round(file.size / 1024)) });
    this.again.hidden = false;
    this.send();
  }

  async send() {
    const form = new FormData();
    form.append("file", this.file, this.file.name);
    if (this.label.value.trim()) form.append("label", this.label.value.trim());
    this.tell(null);
    this.again.disabled = true;
    try {
      const kept = await request("POST", "/v1/datasets/upload", { body: form, signal: this.signal });
      announce(t("data.uploaded", { name: kept.name }));
      go("/data", { dataset: kept.id });
    } catch (error) {
      if (!this.signal.aborted) this.tell(error);
    } finally {
      this.again.disabled = false;
    }
  }

  /** Say what is wrong beside its field, and show the lines of the file around it. */
  tell(error) {
    for (const one of Object.values(this.places)) one.say("");
    replace(this.excerpt);
    this.input.value = ""; // so that the same file, mended, can be chosen again
    if (!error) return;
    const field = error.errors?.[0]?.pointer === "#/label" ? "label" : "file";
    this.places[field].say(error.message);
    if (error.row) excerpt(this.file, error.row, error.column).then((lines) => replace(this.excerpt, lines));
  }
}
