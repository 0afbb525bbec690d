/** Names of kept datasets, each asked for once. */

import { get } from "../api.js";

const known = new Map();

/**
 * Return a kept dataset.
 * @param {string} id
 * @returns {Promise<object|null>} null if it cannot be had
 */
export function keptDataset(id) {
  if (!known.has(id)) {
    const asked = get(`/v1/datasets/${id}`).catch((error) => {
      if (error.status !== 404) known.delete(id);
      return null;
    });
    known.set(id, asked);
  }
  return known.get(id);
}

/**
 * Write what a run was trained on: the kind of a synthetic dataset, the name of a kept one as soon as it is known.
 * @param {{dataset: object}} run
 * @param {(text: string) => void} write
 */
export function writeDataset({ dataset }, write) {
  if (dataset.kind !== "stored") return write(dataset.kind);
  write(dataset.id);
  return keptDataset(dataset.id).then((kept) => kept && write(kept.name));
}
