/** The one way to the server: JSON requests, problems as errors, streams of events, and a log of what was asked. */

import { log, note, noteEnd } from "./api/log.js";
import { Problem, problemOf } from "./api/problem.js";
import { askKey, key, setKey, setKeyAsker } from "./api/key.js";
import { stream } from "./api/stream.js";

export { Problem, key, log, setKey, setKeyAsker };

/**
 * Ask the server.
 * @param {string} method
 * @param {string} path such as "/v1/runs"
 * @param {{query?: Object, body?: unknown, headers?: Object, signal?: AbortSignal, as?: "json"|"text"|"blob"|"response"}} options
 * @returns {Promise<any>} the body, or with `as: "response"` the Response (also of 304)
 * @throws {Problem} of an answer of 400 and above, and of a server that cannot be reached (status 0)
 */
export async function request(method, path, { query, body, headers = {}, signal, as = "json" } = {}) {
  const address = path + queryText(query);
  const response = await send(method, address, { body, headers, signal });
  if (as === "response") return response;
  if (response.status === 204) return null;
  return as === "blob" ? response.blob() : as === "text" ? response.text() : response.json();
}

export const get = (path, options) => request("GET", path, options);

/** Get all objects of a list, page after page. */
export async function getAll(path, options) {
  const all = [];
  for (let page = await get(path, options); ; page = await get(path, { ...options, query: { after: page.next_after } })) {
    all.push(...page.data);
    if (!page.has_more) return all;
  }
}

export const post = (path, body, options) => request("POST", path, { ...options, body });
export const put = (path, body, options) => request("PUT", path, { ...options, body });
export const patch = (path, body, options) => request("PATCH", path, { ...options, body });
export const del = (path, options) => request("DELETE", path, options);

/**
 * Read server-sent events by `fetch`: an EventSource cannot send a key.
 *
 * After a broken connection or `server_stopping` it comes back with Last-Event-ID, waiting 0.5 … 5 s. It ends after the `end`
 * event, when the server has nothing more (204), or when `signal` aborts. With `once` it never comes back.
 * @param {string} path
 * @param {{lastEventId?: number|string, signal?: AbortSignal, onstate?: function(string): void, method?: string, body?: unknown,
 *   once?: boolean}} options onstate is told "open", "waiting" and "closed"
 * @yields {{id: string|null, event: string, data: any}} data as JSON has it
 */
export async function* events(path, { method = "GET", body, ...options } = {}) {
  const open = (headers, signal) => send(method, path, { body, headers, signal });
  yield* stream(open, { once: method !== "GET", ...options });
}

async function send(method, address, { body, headers, signal }) {
  const response = await attempt(method, address, { body, headers, signal });
  if (response.status === 401 && (await askKey())) return checked(await attempt(method, address, { body, headers, signal }));
  return checked(response);
}

async function attempt(method, address, { body, headers, signal }) {
  const plain = body instanceof FormData || body instanceof Blob || typeof body === "string";
  const sent = body === undefined || plain ? body : JSON.stringify(body);
  const all = { Accept: "application/json", ...headers };
  if (sent !== undefined && !plain) all["Content-Type"] = "application/json";
  if (key()) all.Authorization = `Bearer ${key()}`;
  const entry = note(method, address, body);
  entry.headers = headers;
  try {
    const response = await fetch(address, { method, headers: all, body: sent, signal });
    noteEnd(entry, response.status);
    return response;
  } catch (error) {
    noteEnd(entry, signal?.aborted ? null : 0);
    if (signal?.aborted) throw error;
    throw new Problem({ status: 0, code: "unreachable", detail: String(error.message ?? error) });
  }
}

async function checked(response) {
  if (response.ok || response.status === 304) return response;
  throw await problemOf(response);
}

function queryText(query) {
  const there = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined);
  if (!there.length) return "";
  return `?${new URLSearchParams(there.map(([name, value]) => [name, String(value)]))}`;
}
