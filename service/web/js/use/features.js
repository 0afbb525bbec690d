/** The columns that a model reads, with the range that they have in its data. */

import { get } from "../api.js";
import { keptDataset } from "../runs/datasets.js";

/**
 * Return the columns of a run.
 * @param {object} run
 * @param {AbortSignal} signal
 * @returns {Promise<{name: string, min?: number, max?: number, mean?: number}[]>} without ranges where they cannot be had
 */
export async function featuresOf(run, signal) {
  const names = run.data.features;
  const ranges = run.dataset.kind === "stored" ? await kept(run.dataset.id) : await grid(run, names, signal);
  return names.map((name, i) => ({ name, ...ranges[i] }));
}

async function kept(id) {
  const dataset = await keptDataset(id);
  return (dataset?.statistics ?? []).map(({ min, max, mean }) => ({ min, max, mean }));
}

/** The grid of a decision boundary without a margin begins and ends where the data do. */
async function grid(run, names, signal) {
  if (names.length !== 2) return [];
  try {
    const { x, y } = await get(`/v1/runs/${run.id}/decision-boundary`, { query: { resolution: 2, margin: 0 }, signal });
    return [x, y].map(([min, max]) => ({ min, max }));
  } catch {
    return [];
  }
}

/** Where a field begins: the mean, or the middle of the range, to a thousandth of it. */
export function middle({ min, max, mean }) {
  if (mean !== undefined || min === undefined) return mean ?? 0;
  const step = 10 ** (Math.floor(Math.log10(max - min || 1)) - 3);
  return Math.round((min + max) / 2 / step) * step;
}

/**
 * Return an example of the data with its label.
 * @param {object} run
 * @param {AbortSignal} signal
 * @returns {Promise<{row: number[], label: string|number}|null>}
 */
export async function someExample(run, signal) {
  const { rows, labels } = await get(`/v1/datasets/${run.dataset.id}/preview`, { query: { limit: 200 }, signal });
  if (!rows.length) return null;
  const at = Math.floor(Math.random() * rows.length);
  return { row: rows[at], label: labels[at] };
}
