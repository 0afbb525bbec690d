import { fileName, parts, pretty, quote } from "./parts.js";

/**
 * Write a request for curl, to be pasted into a POSIX shell.
 * @param {object} request
 * @param {{origin: string, key: boolean}} context  `key`: whether the server is asked with an API key
 * @returns {string}
 */
export function curl(request, { origin, key }) {
  const asked = parts(request);
  return [`curl ${flags(asked)}${address(asked, origin)}`, ...options(asked, key)].join(" \\\n  ");
}

function flags(asked) {
  const implied = asked.method === "GET" || (asked.method === "POST" && (asked.form || asked.body !== null));
  return (asked.stream ? "-sSN " : "-sS ") + (implied ? "" : `-X ${asked.method} `) + (spelled(asked) ? "-G " : "");
}

function spelled({ method, query }) {
  return method === "GET" && query.some(([, value]) => encodeURIComponent(value) !== value && !/^[\w.:-]+$/.test(value));
}

function address(asked, origin) {
  const query = spelled(asked) || !asked.query.length ? "" : `?${new URLSearchParams(asked.query)}`;
  return quote(origin + asked.path + query);
}

function options(asked, key) {
  const made = asked.headers.map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`);
  if (asked.accept) made.unshift(`-H ${quote(`Accept: ${asked.accept}`)}`);
  if (key) made.unshift('-H "Authorization: Bearer $POSTGRAD_API_KEY"');
  if (spelled(asked)) made.push(...asked.query.map(([name, value]) => `--data-urlencode ${quote(`${name}=${value}`)}`));
  if (asked.form) made.push(...asked.form.map(formField));
  if (asked.body !== null) made.push("-H 'Content-Type: application/json'", `--data-raw ${quote(pretty(asked.body))}`);
  const file = fileName(asked);
  return file ? [...made, `-o ${quote(file)}`] : made;
}

function formField([name, value, isFile]) {
  if (!isFile) return `--form-string ${quote(`${name}=${value}`)}`;
  const plain = /^[\w.-]+$/.test(value);
  return `-F ${quote(plain ? `${name}=@${value}` : `${name}=@"${value.replace(/["\\]/g, "\\$&")}"`)}`;
}
