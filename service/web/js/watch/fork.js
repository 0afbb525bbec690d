/** Branch off a run: begin at a checkpoint, and go on with other hyperparameters. */

import { post } from "../api.js";
import { openapi } from "../api/openapi.js";
import { h } from "../dom.js";
import { schemaForm } from "../form.js";
import { kinds, plain } from "../form/schema.js";
import { t } from "../i18n.js";
import { checkpointSelect, nameField, visit } from "./dialogs.js";
import { field, modal } from "./modal.js";

const MODEL_FIELDS = ["reg", "l1", "dropout"];
const FIXED = new Set(["standardize", "validation_fraction", "dtype"]);
const FIRST = new Set(["learning_rate", "momentum", "schedule", "steps", "batch_size", "reg", "dropout"]);

/**
 * Ask what shall be different, and go to the run that does it.
 * @param {Feed} feed
 * @param {Object} [changes] overrides to begin with, such as those of a hint
 */
export async function askFork(feed, changes = {}) {
  const { run } = feed;
  const root = await openapi();
  const schema = schemaOf(root, run);
  const given = parts(schema, run);
  const begin = Object.fromEntries(Object.entries(given).map(([part, values]) => [part, { ...values, ...changes[part] }]));
  const form = schemaForm(schema, { value: begin, root, advanced: folded(schema, root) });
  const saved = checkpointSelect(feed, "latest");
  const name = nameField(run);
  const body = () => ({
    checkpoint: saved.value,
    ...(name.value.trim() ? { name: name.value.trim() } : {}),
    overrides: difference(given, form.value() ?? {}, schema, root),
  });
  const path = `${feed.path}/fork`;
  modal({
    title: t("watch.fork_title"),
    text: t("watch.fork_text"),
    fields: [
      field(t("watch.checkpoint"), saved, { pointer: "/checkpoint" }),
      field(t("watch.name"), name, { pointer: "/name" }),
      { element: h("div", { class: "fork-form" }, form.element) },
    ],
    action: t("watch.fork"),
    request: () => ({ method: "POST", path, body: body() }),
    send: async () => visit(await post(path, body(), { signal: feed.signal })),
    tell: (errors) => told(form, errors),
    signal: feed.signal,
  });
}

/** The part of the schema of a run that a fork may change. */
function schemaOf(root, run) {
  const { properties } = root.components.schemas.RunCreate;
  const model = plain(kinds(plain(properties.model, root))[run.model.kind], root);
  const plan = plain(properties.training, root);
  const some = (of, wanted) => Object.fromEntries(Object.entries(of).filter(([name]) => wanted(name)));
  return {
    type: "object",
    properties: {
      optimizer: properties.optimizer,
      training: { type: "object", properties: some(plan.properties, (name) => !FIXED.has(name)) },
      model: { type: "object", properties: some(model.properties, (name) => MODEL_FIELDS.includes(name)) },
    },
  };
}

/** The values of a run that have a field. */
function parts({ properties }, run) {
  const of = (part) => Object.fromEntries(Object.keys(properties[part].properties).map((name) => [name, run[part][name]]));
  return { optimizer: run.optimizer, training: of("training"), model: of("model") };
}

/** The names of the fields that few people change. */
function folded({ properties }, root) {
  const optimizers = Object.values(kinds(plain(properties.optimizer, root))).map((member) => plain(member, root));
  const all = [properties.training, properties.model, ...optimizers].flatMap((part) => Object.keys(part.properties));
  return new Set(all.filter((name) => !FIRST.has(name)));
}

/** Return, part by part, what is not as it was; all of an optimizer of another kind. A field left out is as by default. */
function difference(before, after, { properties }, root) {
  const optimizer = after.optimizer ?? before.optimizer;
  if (optimizer.kind !== before.optimizer.kind) {
    return { optimizer, ...difference(before, { ...after, optimizer: before.optimizer }, { properties }, root) };
  }
  const members = { ...properties, optimizer: plain(kinds(plain(properties.optimizer, root))[optimizer.kind], root) };
  const changed = Object.keys(before).map((part) => [part, changes(before[part], after[part] ?? {}, members[part].properties)]);
  return Object.fromEntries(changed.filter(([, values]) => Object.keys(values).length));
}

function changes(before, after, fields) {
  const now = Object.entries(fields).map(([name, schema]) => [name, name in after ? after[name] : (schema.default ?? null)]);
  return Object.fromEntries(now.filter(([name, value]) => !same(value, before[name])));
}

function same(one, other) {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

/** Show what is wrong beside its field, and return the rest: the form does not know that its values are overrides. */
function told(form, errors) {
  const start = "#/overrides/";
  const inside = errors.filter(({ pointer }) => pointer?.startsWith(start));
  form.showProblem(inside.length ? { errors: inside.map((error) => ({ ...error, pointer: error.pointer.replace(start, "#/") })) } : null);
  return errors.filter((error) => !inside.includes(error));
}
