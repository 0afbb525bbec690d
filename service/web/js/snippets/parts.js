/** A request as the snippets take it apart: address, query, body, stream, file. */

const LONGEST_LINE = 72;

/**
 * Quote a text for a POSIX shell.
 * @param {string} text
 * @returns {string} as it stands if no shell would touch it, else in single quotes
 */
export function quote(text) {
  return /^[A-Za-z0-9_\-./:@%+=,]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Write JSON in as few lines as stay readable: what is short stands on one line.
 * @param {unknown} value
 * @param {(value: unknown) => string} [word]  how a text, number, boolean or null is written
 * @param {string} [indent]
 * @returns {string}
 */
export function pretty(value, word = JSON.stringify, indent = "") {
  if (value === null || typeof value !== "object") return word(value);
  const list = Array.isArray(value);
  const inner = `${indent}  `;
  const items = list
    ? value.map((item) => pretty(item, word, inner))
    : Object.entries(value).map(([name, item]) => `${word(name)}: ${pretty(item, word, inner)}`);
  const [open, close] = list ? "[]" : "{}";
  const line = open + items.join(", ") + close;
  if (line.length <= LONGEST_LINE && !line.includes("\n")) return line;
  return `${open}\n${inner}${items.join(`,\n${inner}`)}\n${indent}${close}`;
}

/**
 * Take a request apart.
 * @param {{method: string, path: string, query?: object, body?: unknown, form?: object, headers?: object}} request
 * @returns {{method: string, path: string, query: [string, string][], body: unknown, form: [string, string, boolean][]|null,
 *   accept: string|null, stream: boolean, headers: [string, string][]}}
 *   `form` has name, value (or the name of a file) and whether it is a file
 */
export function parts(request) {
  const [path, text = ""] = request.path.split("?");
  const query = [...new URLSearchParams(text), ...pairs(request.query)];
  const headers = Object.entries(request.headers ?? {}).filter(([name]) => !/^(authorization|content-type|accept)$/i.test(name));
  const accept = Object.entries(request.headers ?? {}).find(([name]) => /^accept$/i.test(name))?.[1] ?? null;
  const { body = null } = request;
  const form = request.form ? logged(request.form) : body instanceof FormData ? [...body].map(field) : null;
  const stream = accept === "text/event-stream";
  return { method: request.method.toUpperCase(), path, query, headers, accept, stream, form, body: form ? null : read(body) };
}

/** A form as the log keeps it: its file is "@" and a name. */
function logged(form) {
  return Object.entries(form).map(([name, value]) => {
    const isFile = name === "file" && value.startsWith("@");
    return [name, isFile ? value.slice(1) : value, isFile];
  });
}

/** A body that was given as text is JSON. */
function read(body) {
  try {
    return typeof body === "string" ? JSON.parse(body) : body;
  } catch {
    return body;
  }
}

function field([name, value]) {
  return value instanceof Blob ? [name, value.name ?? "file", true] : [name, value, false];
}

function pairs(query) {
  const entries = query instanceof URLSearchParams ? [...query] : Object.entries(query ?? {});
  return entries.flatMap(([name, value]) => {
    if (value === null || value === undefined) return [];
    return (Array.isArray(value) ? value : [value]).map((one) => [name, String(one)]);
  });
}

/**
 * Tell the file that the answer is saved as, if it is no text to read.
 * @param {ReturnType<typeof parts>} asked
 * @returns {string|null}
 */
export function fileName({ method, path, query }) {
  const run = /^\/v1\/runs\/([^/]+)\/(.+)$/.exec(path);
  if (!run || method !== "GET") return null;
  const format = query.find(([name]) => name === "format")?.[1] ?? "npz";
  if (run[2] === "export") return `${run[1]}.${format}`;
  return /\.svg$/.test(run[2]) ? `${run[1]}-${run[2].split("/").pop()}` : null;
}
