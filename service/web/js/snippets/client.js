import { fileName, parts } from "./parts.js";
import { lines, literal } from "./python.js";

/**
 * What the Python client calls each route: method, path, and what is called.
 * `$1`, `$2` are the parts of the path in brackets; a name in `take` is given first, without its name.
 */
const CALLS = [
  ["GET /v1/info", "info"], ["GET /v1/queue", "queue"], ["GET /v1/usage", "usage"],
  ["POST /v1/runs", "runs.create", { whole: true }], ["POST /v1/runs/validate", "runs.validate", { whole: true }],
  ["GET /v1/runs", "runs.page"], ["GET /v1/runs/*", "runs.get"], ["PATCH /v1/runs/*", "runs.update"],
  ["DELETE /v1/runs/*", "runs.delete", { silent: true }],
  ["POST /v1/runs/*/cancel", "runs.cancel"], ["POST /v1/runs/*/pause", "runs.pause"],
  ["POST /v1/runs/*/resume", "runs.resume"], ["POST /v1/runs/*/verify", "runs.verify"],
  ["POST /v1/runs/*/extend", "runs.extend", { take: ["steps"] }],
  ["POST /v1/runs/*/fork", "runs.fork", { take: ["overrides"] }],
  ["GET /v1/runs/*/loss-history", "runs.loss_history", { numbers: true }],
  ["GET /v1/runs/*/metrics", "runs.metrics", { numbers: true }],
  ["GET /v1/runs/*/decision-boundary", "runs.decision_boundary", { numbers: true }],
  ["GET /v1/runs/*/diagnostics", "runs.diagnostics"],
  ["GET /v1/runs/*/checkpoints", "runs.checkpoints", { each: "checkpoint" }],
  ["GET /v1/runs/*/events", "runs.events", { each: "event", follow: "runs.follow", numbers: true }],
  ["POST /v1/runs/*/predict", "runs.predict", { take: ["inputs"] }],
  ["POST /v1/runs/*/evaluate", "runs.evaluate"],
  ["POST /v1/runs/*/generate", "runs.generate", { take: ["prompt"], written: "runs.stream" }],
  ["GET /v1/runs/*/export", "runs.export", { bytes: true }],
  ["POST /v1/datasets", "datasets.create", { take: ["parameters"] }],
  ["POST /v1/datasets/upload", "datasets.upload", { take: ["file"] }],
  ["GET /v1/datasets", "datasets.page"], ["GET /v1/datasets/*", "datasets.get"],
  ["GET /v1/datasets/*/preview", "datasets.preview", { numbers: true }],
  ["DELETE /v1/datasets/*", "datasets.delete", { silent: true }],
  ["GET /v1/models", "models.page"], ["GET /v1/models/*", "models.get"],
  ["PUT /v1/models/*/aliases/*", "models.set_alias", { take: ["run"] }],
  ["POST /v1/models/*/predict", "models.predict", { take: ["inputs"] }],
  ["DELETE /v1/models/*/aliases/*", "models.delete_alias", { silent: true }],
  ["DELETE /v1/models/*/versions/*", "models.delete_version", { silent: true, number: true }],
  ["DELETE /v1/models/*", "models.delete", { silent: true }],
];

const ROUTES = CALLS.map(([route, call, how = {}]) => ({ route: pattern(route), call, how }));

function pattern(route) {
  return new RegExp(`^${route.replaceAll("*", "([^/]+)")}$`);
}

/**
 * Write a request for the project's Python client.
 * @param {object} request
 * @param {{origin: string}} context
 * @returns {string|null} null where the client has no method
 */
export function client(request, { origin }) {
  const written = request.client ?? callOf(parts(request));
  if (!written) return null;
  const start = `from service.client import Client\n\nclient = Client(${literal(origin)})\n`;
  return start + written;
}

function callOf(asked) {
  const found = ROUTES.find(({ route }) => route.test(`${asked.method} ${asked.path}`));
  if (!found || (asked.stream && !found.how.follow && !found.how.written)) return null;
  const { call, how } = found;
  const ids = found.route.exec(`${asked.method} ${asked.path}`).slice(1).map(decodeURIComponent);
  const given = [...ids.map((id, at) => (how.number && at === 1 ? id : literal(id))), ...rest(asked, how)];
  return sentence(call, how, given, asked);
}

function sentence(call, how, given, asked) {
  const name = (asked.stream && (how.follow ?? how.written)) || call;
  const made = `client.${name}(${lines(given)})`;
  if (asked.stream && how.written) return `for character in ${made}:\n    print(character, end="", flush=True)\n`;
  if (how.each) return `for ${how.each} in ${made}:\n    print(${how.each})\n`;
  if (how.bytes) return `with open(${literal(fileName(asked))}, "wb") as file:\n    file.write(${made})\n`;
  return how.silent ? made : `print(${made})`;
}

function rest(asked, how) {
  if (how.whole) return [literal(asked.body ?? {}, "")];
  const values = { ...queryOf(asked, how), ...(asked.form ? formOf(asked.form) : asked.body ?? {}) };
  const first = (how.take ?? []).filter((name) => name in values).map((name) => literal(values[name], "    "));
  const others = Object.entries(values).filter(([name]) => !how.take?.includes(name));
  return [...first, ...others.map(([name, value]) => `${name}=${literal(value, "    ")}`)];
}

function formOf(form) {
  return Object.fromEntries(form.map(([name, value]) => [name, value]));
}

function queryOf({ query }, { numbers }) {
  const made = {};
  for (const [name, text] of query) {
    const value = (numbers || name === "limit") && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    made[name] = name in made ? [made[name], value].flat() : value;
  }
  return made;
}
