/** What the page has asked of the server: the drawer shows it. */

const KEPT = 200;

class Log extends EventTarget {
  /** The last requests, the newest last. */
  entries = [];
}

/** Has `.entries`, and tells of each request twice by an event "entry": when it is sent, and when it is answered. */
export const log = new Log();

/**
 * Note that a request is sent.
 * @returns {{at: Date, method: string, path: string, body: unknown, form: Object|null, status: number|null, ms: number|null}}
 *   path: with its query; form: fields of a multipart body, a file as "@" and its name; status: null while it is under way or
 *   when the page gave it up, 0 if the server could not be reached
 */
export function note(method, path, body) {
  const form = body instanceof FormData ? fields(body) : null;
  const entry = { at: new Date(), method, path, body: form ? undefined : body, form, status: null, ms: null };
  entry.began = performance.now();
  log.entries.push(entry);
  if (log.entries.length > KEPT) log.entries.splice(0, log.entries.length - KEPT);
  tell(entry);
  return entry;
}

/** Note how a request ended. */
export function noteEnd(entry, status) {
  entry.status = status;
  entry.ms = performance.now() - entry.began;
  tell(entry);
}

function tell(entry) {
  log.dispatchEvent(new CustomEvent("entry", { detail: entry }));
}

function fields(form) {
  return Object.fromEntries([...form].map(([name, value]) => [name, value instanceof File ? `@${value.name}` : value]));
}
