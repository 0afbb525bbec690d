import { fileName, parts, pretty } from "./parts.js";

const WORDS = new Map([[true, "True"], [false, "False"], [null, "None"]]);

/**
 * Write a value as Python does; a text of JSON is one of Python too.
 * @param {unknown} value
 * @param {string} [indent]
 * @returns {string}
 */
export function literal(value, indent = "") {
  return pretty(value, (word) => WORDS.get(word) ?? JSON.stringify(word), indent);
}

/**
 * Write a request for httpx.
 * @param {object} request
 * @param {{origin: string, key: boolean}} context
 * @returns {string}
 */
export function httpx(request, { origin, key }) {
  const asked = parts(request);
  const indent = asked.stream ? "        " : "    ";
  const given = [literal(origin + asked.path), ...settings(asked, key, indent), asked.stream ? "timeout=None" : "timeout=60"];
  const imports = key ? "import os\n\nimport httpx\n\n" : "import httpx\n\n";
  return imports + (asked.stream ? streamed(asked, given) : whole(asked, given));
}

function whole(asked, given) {
  const file = fileName(asked);
  const end = file
    ? `with open(${literal(file)}, "wb") as file:\n    file.write(response.content)\n`
    : `print(${printed(asked)})`;
  return `response = httpx.${asked.method.toLowerCase()}(${lines(given, "    ")})\nresponse.raise_for_status()\n${end}`;
}

function printed({ method, path, accept }) {
  if (method === "DELETE") return "response.status_code";
  return /\.(csv|ndjson)$/.test(path) || (accept && accept !== "application/json") ? "response.text" : "response.json()";
}

function streamed(asked, given) {
  const head = `with httpx.stream(${lines([literal(asked.method), ...given], "        ", "    ")}) as response:`;
  return `${head}\n    response.raise_for_status()\n    for line in response.iter_lines():\n        print(line)\n`;
}

/**
 * Write arguments, on one line if they fit.
 * @param {string[]} given
 * @param {string} [indent]
 * @param {string} [end]  what stands before the bracket that closes them
 * @returns {string}
 */
export function lines(given, indent = "    ", end = "") {
  if (given.length === 1) return given[0];
  const line = given.join(", ");
  return line.length <= 72 && !line.includes("\n") ? line : `\n${indent}${given.join(`,\n${indent}`)},\n${end}`;
}

function settings(asked, key, indent) {
  const made = [];
  if (asked.query.length) made.push(`params=${literal(grouped(asked.query), indent)}`);
  const headers = asked.headers.map(([name, value]) => `${literal(name)}: ${literal(value)}`);
  if (asked.accept) headers.push(`"Accept": ${literal(asked.accept)}`);
  if (key) headers.push(`"Authorization": f"Bearer {os.environ['POSTGRAD_API_KEY']}"`);
  if (headers.length) made.push(`headers={${headers.join(", ")}}`);
  if (asked.form) made.push(...fields(asked.form));
  if (asked.body !== null) made.push(`json=${literal(asked.body, indent)}`);
  return made;
}

function grouped(query) {
  const made = {};
  for (const [name, value] of query) made[name] = name in made ? [made[name], value].flat() : value;
  return made;
}

function fields(form) {
  const data = Object.fromEntries(form.filter(([, , isFile]) => !isFile));
  const files = form.filter(([, , isFile]) => isFile).map(([name, file]) => `${literal(name)}: open(${literal(file)}, "rb")`);
  return [...(Object.keys(data).length ? [`data=${literal(data)}`] : []), `files={${files.join(", ")}}`];
}
