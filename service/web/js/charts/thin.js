/** Fewer points of a long line, so chosen that no peak is lost: the lowest and the highest of each stretch. */

export const MOST = 2000;

/**
 * Return which points to draw, in order; all of them if they are few enough.
 * @param {ArrayLike<number|null>} y
 * @param {number} most
 * @returns {number[]|null} positions, or null for "all"
 */
export function chosen(y, most = MOST) {
  const N = y.length;
  if (N <= most) return null;
  const stretches = Math.max(1, Math.floor((most - 2) / 2));
  const rows = new Set([0, N - 1]);
  for (let k = 0; k < stretches; k += 1) {
    const from = Math.floor((k * N) / stretches);
    const to = Math.floor(((k + 1) * N) / stretches);
    for (const row of extremes(y, from, to)) rows.add(row);
  }
  return [...rows].sort((a, b) => a - b);
}

/** Return a trace of lines or points with at most so many of them. */
export function thinned(trace, most = MOST) {
  if (!trace.y || trace.z || (trace.type ?? "scatter") !== "scatter") return trace;
  const rows = chosen(trace.y, most);
  if (!rows) return trace;
  const N = trace.y.length;
  const pick = (value) => (Array.isArray(value) && value.length === N ? rows.map((row) => value[row]) : value);
  const marker = trace.marker && Object.fromEntries(Object.entries(trace.marker).map(([key, value]) => [key, pick(value)]));
  return { ...Object.fromEntries(Object.entries(trace).map(([key, value]) => [key, pick(value)])), ...(marker && { marker }) };
}

function extremes(y, from, to) {
  let low = -1;
  let high = -1;
  for (let i = from; i < to; i += 1) {
    if (y[i] === null || Number.isNaN(y[i])) continue;
    if (low < 0 || y[i] < y[low]) low = i;
    if (high < 0 || y[i] > y[high]) high = i;
  }
  return low < 0 ? [] : [low, high];
}
