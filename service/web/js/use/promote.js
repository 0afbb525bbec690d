/** Giving a name to what a run has learned: an alias of a model is let stand for a checkpoint. */

import { get, put } from "../api.js";
import { h, replace } from "../dom.js";
import { place, placeOf } from "../form/problems.js";
import { t } from "../i18n.js";
import { go } from "../router.js";
import { nameOf } from "../runs/format.js";
import { notice } from "../shell/notice.js";
import { apiButton } from "../snippets.js";

const RECENT = 50;

/**
 * Make the form.
 * @param {{name?: string, run?: string, checkpoint?: string, signal: AbortSignal, ondone?: () => void}} parts  `name`: of the model,
 *   if it is known
 */
export function promoteForm({ name = "", run = "", checkpoint = "latest", signal, ondone }) {
  const fields = {
    name: field("name", name, "/path/name", { hint: true, readonly: null }),
    run: field("run", run, "/run", { list: "promote-runs" }),
    checkpoint: field("checkpoint", checkpoint, "/checkpoint", { list: "promote-checkpoints" }),
    alias: field("alias", "production", "/path/alias", { hint: true, list: "promote-aliases" }),
  };
  const known = name ? ["run", "checkpoint", "alias"] : ["name", "run", "checkpoint", "alias"];
  const places = new Map(known.map((one) => [fields[one].pointer, fields[one].place]));
  const trouble = h("div");
  const wish = () => wishOf(Object.fromEntries(Object.entries(fields).map(([key, one]) => [key, one.input.value.trim()])));
  const runs = h("datalist", { id: "promote-runs" });
  const lists = [runs, h("datalist", { id: "promote-checkpoints" }, ["latest", "best"].map((value) => h("option", { value }))),
    h("datalist", { id: "promote-aliases" }, ["production", "staging", "candidate"].map((value) => h("option", { value })))];
  suggest(runs, signal);
  const send = async (event) => {
    event.preventDefault();
    places.forEach((one) => one.say(""));
    replace(trouble);
    const empty = known.map((one) => fields[one]).filter(({ input }) => !input.value.trim());
    empty.forEach((one) => one.place.say(t("models.needed")));
    if (empty.length) return empty[0].input.focus();
    const { path, body } = wish();
    try {
      const alias = await put(path, body, { signal });
      if (ondone) ondone();
      else go(`/models/${encodeURIComponent(alias.model)}`);
    } catch (error) {
      if (!signal.aborted) fail(error, places, trouble);
    }
  };
  return h("form", { class: "card", novalidate: true, "aria-labelledby": "promote-title", onsubmit: send },
    h("div", { class: "row between" }, h("h2", { id: "promote-title" }, t(name ? "models.move" : "models.promote")), apiButton(wish, { label: t("models.promote") })),
    h("p", { class: "muted" }, t("models.promote_text")),
    h("div", { class: "grid" }, known.map((one) => fields[one].element)), lists, trouble,
    h("div", { class: "row" }, h("button", { type: "submit", class: "primary" }, t(name ? "models.move_button" : "models.promote_button"))));
}

function wishOf({ name, alias, run, checkpoint }) {
  const path = `/v1/models/${encodeURIComponent(name || "NAME")}/aliases/${encodeURIComponent(alias || "production")}`;
  return { method: "PUT", path, body: { run: run || "RUN", checkpoint: checkpoint || "latest" } };
}

function field(name, value, pointer, { hint = false, list = null }) {
  const id = `promote-${name}`;
  const input = h("input", { id, value, list, required: true, autocomplete: "off", spellcheck: "false", autocapitalize: "off" });
  const error = h("p", { class: "error", id: `${id}-error` });
  const told = hint ? h("p", { class: "hint", id: `${id}-hint` }, t(`models.hint_${name}`)) : null;
  const mark = place(input, error, told ? [told.id] : []);
  input.addEventListener("input", () => mark.say(""));
  return { input, pointer, place: mark, element: h("div", { class: "field" }, h("label", { for: id }, t(`models.${name}`)), input, told, error) };
}

/** Offer the runs that were made last. */
async function suggest(list, signal) {
  const { data } = await get("/v1/runs", { query: { limit: RECENT }, signal }).catch(() => ({ data: [] }));
  replace(list, data.filter(({ status }) => status !== "queued").map((run) => h("option", { value: run.id }, nameOf(run))));
}

function fail(error, places, trouble) {
  const left = error.errors.filter(({ pointer, detail }) => {
    const found = placeOf(places, pointer);
    found?.say(detail);
    return !found;
  });
  if (left.length || !error.errors.length) replace(trouble, notice(error));
}
