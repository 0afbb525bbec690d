/** A text that every server has: what it says of its own API. */

import { openapi } from "../api/openapi.js";

/** Return all summaries and descriptions of /openapi.json, in its order, each once, as running text. */
export async function apiText() {
  const found = new Set();
  collect(await openapi(), found);
  return [...found].join("\n");
}

function collect(value, found) {
  if (value === null || typeof value !== "object") return;
  for (const [name, item] of Object.entries(value)) {
    if (typeof item === "string" && (name === "description" || name === "summary")) found.add(item);
    else collect(item, found);
  }
}
