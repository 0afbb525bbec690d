/** What runs were asked for, field by field, so that they can be laid beside each other. */

const PARTS = ["dataset", "model", "optimizer", "training"];

/**
 * Return the fields of a run by their paths: "model.kind", "optimizer.schedule.every", …
 * @param {object} run
 * @returns {Map<string, unknown>}
 */
export function fieldsOf(run) {
  return new Map(PARTS.flatMap((part) => leaves(run[part], part)));
}

function leaves(value, path) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, `${path}.${name}`));
}

/**
 * Lay the fields of runs beside each other.
 * @param {object[]} runs
 * @returns {{path: string, values: unknown[], differs: boolean}[]} undefined where a run has no such field
 */
export function compared(runs) {
  const all = runs.map(fieldsOf);
  const paths = [...new Set(all.flatMap((fields) => [...fields.keys()]))];
  const part = (path) => PARTS.indexOf(path.split(".")[0]);
  return paths.sort((one, other) => part(one) - part(other)).map((path) => {
    const values = all.map((fields) => fields.get(path));
    return { path, values, differs: new Set(values.map((value) => JSON.stringify(value))).size > 1 };
  });
}

/** A value of a field as a text; an empty one for a field that a run does not have. */
export function written(value) {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
