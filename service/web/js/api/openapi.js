/** The server's own description of its API: read once. */

import { get } from "../api.js";

let reading = null;

/** Resolve to /openapi.json; after a failure it is asked for again. */
export function openapi() {
  reading ??= get("/openapi.json").catch((error) => {
    reading = null;
    throw error;
  });
  return reading;
}

/** The schema of the body that a route takes. */
export function bodySchema(document, path, method = "post") {
  return document.paths[path][method].requestBody.content["application/json"].schema;
}
