import { quote } from "./parts.js";

/** Fields of the body of a run for which `postgrad train` has a flag of the same name. */
const FLAGS = {
  model: ["activation", "reg", "l1", "dropout", "sequence_length", "margin"],
  optimizer: ["learning_rate", "momentum", "nesterov"],
  training: ["steps", "batch_size", "seed", "dtype", "log_every", "validation_fraction", "standardize", "time_budget"],
};

/**
 * Write the body of a run as flags of `postgrad train`.
 * @param {object} body
 * @returns {string[]|null} null if a field of it has no flag
 */
export function flagsOf(body) {
  const { dataset, model, optimizer, training, name, tags, ...more } = body;
  const made = [
    ...dataFlags(dataset), ...modelFlags(model), ...kindAnd("optimizer", optimizer), ...fieldFlags("training", training ?? {}),
    ...(name ? [`--name ${quote(name)}`] : []),
    ...Object.entries(tags ?? {}).map(([key, value]) => `--tag ${quote(`${key}=${value}`)}`),
  ];
  const known = Object.keys(more).every((key) => key === "priority" && more[key] === 0);
  const safe = Object.keys(tags ?? {}).every((key) => !key.includes("="));
  return known && safe && made.every((text) => text !== null) ? made : null;
}

function dataFlags(dataset) {
  const keys = Object.keys(dataset ?? {}).sort().join();
  if (keys === "kind") return [`--dataset ${quote(dataset.kind)}`];
  return keys === "id,kind" && dataset.kind === "stored" ? [`--dataset ${quote(dataset.id)}`] : [null];
}

function modelFlags(model = {}) {
  const { hidden_sizes: sizes, hidden_size: size, ...rest } = model;
  const hidden = sizes?.length ? [`--hidden ${sizes.join(",")}`] : size ? [`--hidden ${size}`] : [];
  if (sizes && !sizes.length) return [null];
  return [...kindAnd("model", rest), ...hidden];
}

function kindAnd(part, { kind, ...fields } = {}) {
  return [...(kind ? [`--${part} ${quote(kind)}`] : []), ...fieldFlags(part, fields)];
}

function fieldFlags(part, fields) {
  return Object.entries(fields).map(([name, value]) => {
    if (!FLAGS[part].includes(name) || value === null || typeof value === "object") return null;
    const flag = name.replaceAll("_", "-");
    if (typeof value === "boolean") return `--${value ? "" : "no-"}${flag}`;
    return `--${flag} ${quote(String(value))}`;
  });
}
