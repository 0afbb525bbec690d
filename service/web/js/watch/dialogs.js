/** Train a run further, and give a checkpoint a name that serves. */

import { post, put } from "../api.js";
import { announce, h } from "../dom.js";
import { t } from "../i18n.js";
import { go } from "../router.js";
import { nameOf } from "../runs/format.js";
import { field, modal } from "./modal.js";

/** Ask how long to train in all, and go to the run that does. */
export function askExtend(feed) {
  const { run } = feed;
  const done = run.progress.step;
  const steps = h("input", { type: "number", min: done + 1, max: 1e9, step: 1, required: true, value: 2 * run.progress.steps });
  const name = nameField(run);
  const body = () => ({ steps: Number(steps.value), ...(name.value.trim() ? { name: name.value.trim() } : {}) });
  const path = `${feed.path}/extend`;
  modal({
    title: t("watch.extend_title"),
    text: t("watch.extend_text", { step: feed.checkpoints.at(-1)?.step ?? done }),
    fields: [
      field(t("watch.steps_in_all"), steps, { hint: t("watch.steps_done", { step: done }), pointer: "/steps" }),
      field(t("watch.name"), name, { pointer: "/name" }),
    ],
    action: t("watch.extend"),
    request: () => ({ method: "POST", path, body: body() }),
    send: async () => visit(await post(path, body(), { signal: feed.signal })),
    signal: feed.signal,
  });
}

/** Ask for a name, and let it stand for a checkpoint of the run. */
export function askPromote(feed) {
  const model = h("input", { type: "text", value: slug(feed.run.name), maxlength: 100, required: true });
  const alias = h("input", { type: "text", value: "production", maxlength: 100, required: true });
  const saved = checkpointSelect(feed, "best");
  const path = () => `/v1/models/${encodeURIComponent(model.value)}/aliases/${encodeURIComponent(alias.value)}`;
  const body = () => ({ run: feed.run.id, checkpoint: saved.value });
  modal({
    title: t("watch.promote_title"),
    text: t("watch.promote_text"),
    fields: [
      field(t("watch.model_name"), model, { hint: t("watch.model_name_hint"), pointer: "/path/name" }),
      field(t("watch.alias"), alias, { hint: t("watch.alias_hint"), pointer: "/path/alias" }),
      field(t("watch.checkpoint"), saved, { pointer: "/checkpoint" }),
    ],
    action: t("watch.promote_action"),
    request: () => ({ method: "PUT", path: path(), body: body() }),
    send: async () => {
      await put(path(), body(), { signal: feed.signal });
      announce(t("watch.promoted", { name: model.value }));
      go(`/models/${encodeURIComponent(model.value)}`);
    },
    signal: feed.signal,
  });
}

/** Go to a run that was made from this one. */
export function visit(run) {
  announce(t("watch.made", { name: nameOf(run) }));
  go(`/runs/${run.id}`);
}

/** A field for the name of a run that is made from another. */
export function nameField(run) {
  return h("input", { type: "text", maxlength: 200, placeholder: run.name ?? "" });
}

/** A list of the checkpoints by name, then by step, the newest first. */
export function checkpointSelect(feed, chosen) {
  const named = ["latest", "best"].filter((name) => feed.checkpoints.some(({ names }) => names.includes(name)));
  const steps = feed.checkpoints.map(({ step }) => String(step)).reverse();
  const label = (name) => {
    const at = feed.checkpoints.find(({ names }) => names.includes(name));
    return t(`watch.checkpoint_${name}`, { step: at.step });
  };
  const options = [
    ...named.map((name) => h("option", { value: name }, label(name))),
    ...steps.map((step) => h("option", { value: step }, t("watch.at_step", { step: Number(step) }))),
  ];
  return h("select", { value: named.includes(chosen) || steps.includes(chosen) ? chosen : named[0] }, options);
}

function slug(name) {
  return (name ?? "").replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+|-+$/g, "").slice(0, 100);
}
