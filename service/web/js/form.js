/** Forms made from the schemas in /openapi.json: limits, defaults and descriptions are the server's own. */

import { h, replace } from "./dom.js";
import { t as words } from "./i18n.js";
import { make } from "./form/nodes.js";
import { placeOf } from "./form/problems.js";

let forms = 0;

/**
 * Make a form for a schema.
 * @param {Object} schema an object schema, or a reference to one
 * @param {Object} options
 * @param {any} options.value what it shows first; what is left out shows its default
 * @param {Object} options.root the whole document, for references
 * @param {function(any): void} [options.onchange] is told the value after each change of the user
 * @param {function(string, Object=): string} [options.t]
 * @param {Set<string>} [options.advanced] names of fields that are folded away until they are used
 * @param {Set<string>} [options.hidden] JSON pointers of fields that are not shown; their values are kept
 * @param {Object<string, function(): [string, string][]>} [options.choices] JSON pointer of a text field → the values to
 *   choose from, with their labels
 * @returns {{element: HTMLElement, value: function(): any, set: function(any): void, showProblem: function(Error|null): void}}
 *   value() leaves out what is as by default
 */
export function schemaForm(schema, { value, root, onchange = () => {}, t = words, advanced = new Set(), hidden = new Set(), choices = {} }) {
  const problems = h("div", { class: "form-problems", role: "alert" });
  const body = h("div", { class: "stack" });
  const element = h("div", { class: "schema-form stack" }, problems, body);
  const form = { prefix: `form-${(forms += 1)}`, node: null, places: new Map() };

  function set(next) {
    form.places = new Map();
    const context = { root, t, advanced, hidden, choices, places: form.places, prefix: form.prefix };
    context.changed = () => onchange(form.node.value());
    form.node = make(context, { schema, pointer: "", name: "", value: next, required: true });
    replace(body, form.node.element);
    replace(problems);
  }

  function showProblem(problem) {
    for (const place of form.places.values()) place.say("");
    replace(problems);
    if (!problem) return;
    const errors = problem.errors?.length ? problem.errors : [{ pointer: "#", detail: problem.message }];
    const homeless = errors.filter((error) => !tell(form.places, error));
    replace(problems, homeless.map((error) => h("p", { class: "notice notice-bad" }, error.detail)));
  }

  set(value);
  return { element, value: () => form.node.value(), set, showProblem };
}

/** Put an error beside its field; return whether there is one. */
function tell(places, error) {
  const place = placeOf(places, error.pointer ?? "#");
  place?.say(error.detail);
  return Boolean(place);
}
