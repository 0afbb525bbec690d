/** Lines over steps: smoothed, with the raw one behind, and where they begin. */

/**
 * Return a line, or its smoothed form with the raw line as a shadow behind it.
 * @param {Object} line a trace of plotly
 * @param {number} weight of the smoothing, 0 … 0.999
 * @param {Object} [look] of the shadow's line, if another than that of the line
 */
export function withShadow(line, weight, look = {}) {
  return weight > 0 ? [shadow(line, look), { ...line, y: smoothed(line.y, weight) }] : [line];
}

function shadow(line, look) {
  return { ...line, mode: "lines", opacity: 0.28, line: { ...line.line, width: 1, ...look }, showlegend: false, hoverinfo: "skip",
    hovertemplate: undefined, meta: { table: false } };
}

/** Where a line over steps begins on an axis: step 0 is not on a logarithmic one. */
export function firstOn(axis, steps) {
  return axis === "log" && steps[0] === 0 ? 1 : 0;
}

/**
 * Smooth a curve: each value is `weight` of the one before and the rest of its own, corrected for the start at zero.
 * @param {(number|null)[]} values
 * @param {number} weight 0 … 0.999
 */
function smoothed(values, weight) {
  let mean = 0;
  let counted = 1;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return null;
    mean = weight * mean + (1 - weight) * value;
    counted *= weight;
    return mean / (1 - counted);
  });
}
