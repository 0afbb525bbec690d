/** The parts of a form: each node has an `element` (or null) and `value()`, undefined for what is as by default. */

import { h, replace } from "../dom.js";
import { checkbox, choice, list, number, pairs, text } from "./fields.js";
import { kinds, plain } from "./schema.js";
import { said, titled } from "./words.js";
import { place } from "./problems.js";

/** Make the node of a schema. */
export function make(context, { schema, pointer, name, value, required }) {
  const found = plain(schema, context.root);
  const spec = { context, schema: found, pointer, name, value, required, id: `${context.prefix}${pointer.replaceAll("/", "-")}` };
  if (found.const !== undefined) return { element: null, value: () => found.const };
  if (context.hidden.has(pointer)) return { element: null, value: () => value };
  if (kinds(found)) return union(spec);
  if (found.properties) return found.nullable ? optional(spec) : group(spec);
  if (found.type === "object") return pairs(spec);
  if (found.type === "array") return list(spec);
  if (found.enum) return choice(spec, found.enum.map((one) => [one, one]));
  if (found.type === "boolean") return checkbox(spec);
  if (found.type === "integer" || found.type === "number") return number(spec);
  const offered = context.choices[pointer]?.() ?? [];
  return offered.length ? choice(spec, offered) : text(spec);
}

/** The fields of an object: without a frame for the whole form and for the members of a union, else as a group. */
function group(spec) {
  const children = fieldsOf(spec);
  const value = () => valueOf(spec, children);
  if (!spec.name || spec.bare) return { element: h("div", { class: "stack" }, laidOut(spec, children)), value };
  const legend = h("legend", {}, titled(spec.name));
  const about = spec.schema.description ? h("p", { class: "hint" }, said(spec.schema.description)) : null;
  return { element: h("fieldset", { class: "stack group" }, legend, about, laidOut(spec, children)), value };
}

function fieldsOf({ context, schema, pointer, value }) {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties).map(([name, member]) => {
    const part = { schema: member, pointer: `${pointer}/${name}`, name, value: value?.[name], required: required.has(name) };
    return { name, given: value?.[name] !== undefined, node: make(context, part) };
  });
}

function valueOf({ required }, children) {
  const given = children.map(({ name, node }) => [name, node.value()]).filter(([, value]) => value !== undefined);
  return given.length || required ? Object.fromEntries(given) : undefined;
}

function laidOut({ context }, children) {
  const shown = children.filter(({ node }) => node.element);
  const grid = (some) => h("div", { class: "fields" }, some.map(({ node }) => node.element));
  const folded = shown.filter(({ name }) => context.advanced.has(name));
  if (!folded.length) return grid(shown);
  const open = folded.some(({ given }) => given);
  const names = folded.map(({ name }) => titled(name)).join(", ");
  const more = h("details", { class: "more", open }, h("summary", {}, context.t("form.more"), " ", h("span", { class: "hint" }, names)), grid(folded));
  return [grid(shown.filter(({ name }) => !context.advanced.has(name))), more];
}

/** An object that may be null: a box to tick, and its fields. */
function optional(spec) {
  const { context, schema, id } = spec;
  const inside = h("div", {});
  let node = null;
  const box = h("input", { type: "checkbox", id, checked: Boolean(spec.value) });
  const show = (value) => {
    node = box.checked ? group({ ...spec, schema: { ...schema, nullable: false }, value, required: true, bare: true }) : null;
    replace(inside, node?.element);
  };
  box.addEventListener("change", () => (show(undefined), context.changed()));
  show(spec.value);
  const top = h("label", { class: "check", for: id }, box, titled(spec.name));
  const element = h("div", { class: "field wide" }, top, hintOf(schema, id), problemAt(spec, box), inside);
  return { element, value: () => node?.value() };
}

/** One of several kinds of objects: a list of the kinds, and the fields of the one that is chosen. */
function union(spec) {
  const { context, schema, pointer, id } = spec;
  const members = kinds(schema);
  const inside = h("div", { class: "stack" });
  let node = null;
  const blank = spec.required ? [] : [["", context.t(schema.nullable ? "form.none" : "form.default")]];
  const options = [...blank, ...Object.keys(members).map((kind) => [kind, kind])];
  const select = h("select", { id: `${id}-kind` }, options.map(([kind, text]) => h("option", { value: kind }, text)));
  const show = (value) => {
    const member = members[select.value] && plain(members[select.value], context.root);
    node = member ? group({ ...spec, schema: member, value, required: true, bare: true }) : null;
    const about = member?.description ? h("p", { class: "hint" }, said(member.description)) : null;
    replace(inside, about, node?.element);
  };
  select.addEventListener("change", () => {
    forget(context.places, pointer);
    show({ kind: select.value });
    context.changed();
  });
  select.value = spec.value?.kind in members ? spec.value.kind : options[0][0];
  show(spec.value);
  const parts = { select, error: problemAt(spec, select), inside };
  return { element: framed(spec, parts), value: () => node?.value() };
}

/** A union is a group of its own in the whole form, and a field with what belongs to it inside of a group. */
function framed({ context, schema, pointer, name }, { select, error, inside }) {
  const title = titled(name);
  const about = schema.description ? h("p", { class: "hint" }, said(schema.description)) : null;
  if (pointer.split("/").length > 2) {
    const field = h("div", { class: "field" }, h("label", { for: select.id }, title), select, about, error);
    return h("div", { class: "stack wide subgroup" }, field, inside);
  }
  const label = h("label", { for: select.id }, context.t("form.kind", { name: title }));
  const field = h("div", { class: "field" }, label, select, error);
  return h("fieldset", { class: "stack group" }, h("legend", {}, title), about, field, inside);
}

function forget(places, pointer) {
  for (const path of places.keys()) {
    if (path.startsWith(`${pointer}/`) && path !== `${pointer}/kind`) places.delete(path);
  }
}

function hintOf(schema, id) {
  return schema.description ? h("p", { class: "hint", id: `${id}-hint` }, said(schema.description)) : null;
}

function problemAt({ context, pointer, id }, control) {
  const error = h("p", { class: "error", id: `${id}-error` });
  const made = place(control, error, []);
  context.places.set(pointer, made);
  context.places.set(`${pointer}/kind`, made);
  return error;
}
