/** Reading JSON Schema, as far as FastAPI writes it. */

const NO_SLIDER = 1000; // a range up to more than this, whose default is zero, is no help as a slider
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
  const { low, high, lowOpen, highOpen } = limits(schema);
  const usual = schema.default ?? 0;
  if (low === null || high === null || high >= SEEDS || schema.nullable) return null;
  if (usual <= 0 && high > NO_SLIDER) return null;
  const whole = schema.type === "integer";
  const near = usual > 0 ? 10 * usual : whole ? high : 1;
  const max = high > 2 * near ? near : high;
  const step = whole ? 1 : stepOf(max - low, usual);
  return { min: lowOpen ? tidy(low + step) : low, max: max === high && highOpen ? tidy(high - step) : max, step };
}

/** A power of ten that divides a range into some hundred parts, and of which the usual value is a multiple. */
function stepOf(range, usual) {
  const exponent = Math.floor(Math.log10(range / 50));
  const digits = (String(usual).split(".")[1] ?? "").length;
  return tidy(10 ** Math.min(exponent, -digits));
}

/** A number without the dust of binary fractions. */
function tidy(value) {
  return Number(value.toPrecision(12));
}
