/** Runs by their ids: their names; and those of a comparison, with their curves. */

import { get } from "../api.js";
import { ACTIVE } from "./format.js";

const POINTS = 1000;
const MOST_NAMES = 100; // an address has an end

/**
 * Make the request for some runs by their ids.
 * @param {string[]} ids
 */
export function runsById(ids) {
  const quoted = ids.map((id) => `'${id.replaceAll("'", "''")}'`).join(", ");
  return { method: "GET", path: "/v1/runs", query: { filter: `run_id IN (${quoted})`, limit: Math.max(1, ids.length) } };
}

/**
 * Read the names of runs.
 * @param {string[]} ids
 * @param {AbortSignal} [signal]
 * @returns {Promise<Map<string, string|null>>} null for one without a name; what is not there any more is left out
 */
export async function namesById(ids, signal) {
  const { path, query } = runsById([...new Set(ids)].slice(0, MOST_NAMES));
  const { data } = await get(path, { query, signal });
  return new Map(data.map(({ id, name }) => [id, name]));
}

/** Make the request for the curves of a run. */
export function curvesOf(id) {
  return { method: "GET", path: `/v1/runs/${id}/metrics`, query: { max_points: POINTS } };
}

/**
 * Read runs and their curves; curves that have ended are kept from before.
 * @param {string[]} ids
 * @param {Map<string, {run: object, curves: object}>} before
 * @param {AbortSignal} signal
 * @returns {Promise<Map<string, {run: object, curves: object}>>} in the order of `ids`; what is not there is left out
 */
export async function loadRuns(ids, before, signal) {
  if (!ids.length) return new Map();
  const { path, query } = runsById(ids);
  const { data } = await get(path, { query, signal });
  const found = new Map(data.map((run) => [run.id, run]));
  const there = ids.filter((id) => found.has(id));
  const all = await Promise.all(there.map((id) => withCurves(found.get(id), before.get(id), signal)));
  return new Map(all.map((one) => [one.run.id, one]));
}

async function withCurves(run, known, signal) {
  if (known && known.run.updated_at === run.updated_at && !ACTIVE.has(run.status)) return { ...known, run };
  const { path, query } = curvesOf(run.id);
  return { run, curves: await get(path, { query, signal }) };
}
