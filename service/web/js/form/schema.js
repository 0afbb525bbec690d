/** Reading JSON Schema, as far as FastAPI writes it. */

const NO_SLIDER = 1000; // a range wider than this many times the default is no help as a slider
const SEEDS = 4294967295;

/**
 * Follow a reference and take `null` out of a union.
 * @returns {Object} the schema itself, with `nullable` and with the description and default that stood around it
 */
export function plain(schema, root) {
  const around = { description: schema.description, default: schema.default };
  let inner = schema;
  let nullable = false;
  if (inner.anyOf) {
    nullable = inner.anyOf.some((member) => member.type === "null");
    inner = inner.anyOf.find((member) => member.type !== "null");
  }
  while (inner.$ref) inner = inner.$ref.split("/").slice(1).reduce((at, step) => at[step], root);
  const told = Object.fromEntries(Object.entries(around).filter(([, value]) => value !== undefined));
  return { ...inner, ...told, nullable };
}

/** The members of a union by their kind: {spiral: {$ref: …}, …}; null if it is no union. */
export function kinds(schema) {
  if (!schema.oneOf || !schema.discriminator) return null;
  return Object.fromEntries(schema.oneOf.map((member) => [kindOf(member, schema.discriminator.mapping), member]));
}

function kindOf(member, mapping) {
  return Object.entries(mapping).find(([, reference]) => reference === member.$ref)[0];
}

/** The lowest and highest value of a number, and whether they belong to it. */
export function limits(schema) {
  const low = schema.minimum ?? schema.exclusiveMinimum ?? null;
  const high = schema.maximum ?? schema.exclusiveMaximum ?? null;
  return { low, high, lowOpen: schema.exclusiveMinimum !== undefined, highOpen: schema.exclusiveMaximum !== undefined };
}

/**
 * Where a slider beside a number goes: the limits, or if they are far away, ten times the default.
 * @returns {{min: number, max: number, step: number}|null} null where a slider is no help
 */
export function sliderRange(schema) {
  const { low, high } = limits(schema);
  if (low === null || high === null || high >= SEEDS || schema.nullable) return null;
  const usual = schema.default ?? 0;
  if (high - low <= 200) return nearby(schema, low, high, usual);
  if (usual <= 0) return high <= NO_SLIDER ? stepped(schema, low, Math.min(high, 10)) : null;
  return stepped(schema, low, Math.min(high, 10 * usual));
}

function nearby(schema, low, high, usual) {
  const far = usual > low && high > 20 * usual;
  const top = far ? 10 * usual : schema.type !== "integer" && usual === 0 && high > 1 ? Math.min(high, 1) : high;
  return stepped(schema, low, Math.min(high, top));
}

function stepped(schema, min, max) {
  if (schema.type === "integer") return { min, max, step: 1 };
  return { min, max, step: 10 ** Math.floor(Math.log10((max - min) / 50)) };
}
