import { flagsOf } from "./flags.js";
import { parts, pretty, quote } from "./parts.js";

const DEFAULT_ORIGIN = "http://127.0.0.1:8000";
const PLAIN = new Set(["cancel", "pause", "resume", "verify"]);

/**
 * Write a request as a command of `postgrad`.
 * @param {object} request
 * @param {{origin: string}} context
 * @returns {string|null} null where there is no command
 */
export function cli(request, { origin }) {
  const command = request.cli ?? commandOf(parts(request));
  if (!command) return null;
  return origin === DEFAULT_ORIGIN ? command : `POSTGRAD_URL=${quote(origin)} ${command}`;
}

function commandOf(asked) {
  const [version, noun, ...rest] = asked.path.split("/").slice(1);
  if (version !== "v1") return null;
  const names = rest.map(decodeURIComponent);
  const query = Object.fromEntries(asked.query);
  if (noun === "runs") return names.length ? ofRun(asked, query, names) : ofRuns(asked, query);
  if (noun === "models") return ofModels(asked, query, names);
  return noun === "datasets" ? ofDatasets(asked, query, names) : null;
}

function ofRuns({ method, body, query: pairs }, query) {
  if (method === "POST") return train(body ?? {});
  if (method !== "GET" || !only(query, ["status", "model", "filter", "order_by", "limit"])) return null;
  return words("runs ls", pairs.map(([name, value]) => flag(name.replace("_", "-"), value)));
}

function train(body) {
  const flags = flagsOf(body);
  return flags ? words("train", flags) : `postgrad train --file - <<'END'\n${pretty(body)}\nEND`;
}

function ofRun(asked, query, [id, verb]) {
  const { method, stream } = asked;
  const body = asked.body ?? {};
  if (id === "validate") return null;
  if (!verb) return { GET: words("runs show", [quote(id)]), DELETE: words("runs rm", [quote(id)]) }[method] ?? null;
  if (PLAIN.has(verb)) return words(`runs ${verb}`, [quote(id)]);
  if (verb === "extend") return words("runs extend", [quote(id), flag("steps", body.steps), flag("name", body.name)]);
  if (verb === "fork") return fork(id, body);
  if (verb === "diagnostics") return words("runs diagnose", [quote(id), flag("checkpoint", query.checkpoint)]);
  if (verb === "events" && stream) return words("runs watch", [quote(id)]);
  if (verb === "export") return words("export", [quote(id), flag("format", query.format), flag("checkpoint", query.checkpoint)]);
  if (verb === "predict") return words("predict", [quote(id), ...inputs(body), flag("checkpoint", body.checkpoint)]);
  return verb === "generate" ? generate(id, body) : null;
}

function generate(id, { prompt = "", ...wish }) {
  const flags = Object.entries(wish).map(([name, value]) => flag(name.replace("_", "-"), value));
  return words("generate", [...flags, prompt.startsWith("-") ? "--" : null, quote(id), quote(prompt)]);
}

function inputs({ inputs: rows = [] }) {
  return rows.map((row) => `--input=${row.join(",")}`);
}

function fork(id, { checkpoint, name, tags, overrides = {} }) {
  if (tags) return null;
  const changes = Object.entries(overrides).flatMap(([part, fields]) =>
    Object.entries(fields).map(([field, value]) => flag("set", `${part}.${field}=${JSON.stringify(value)}`)));
  return words("runs fork", [quote(id), flag("checkpoint", checkpoint), ...changes, flag("name", name)]);
}

function ofModels({ method, body }, query, names) {
  if (method === "GET" && !names.length && only(query, ["limit"])) return words("models ls", [flag("limit", query.limit)]);
  if (method === "GET" && names.length === 1) return words("models show", [quote(names[0])]);
  if (method !== "PUT") return null;
  const [name, , alias] = names;
  return words("models promote", [quote(name), quote(body.run), flag("alias", alias), flag("checkpoint", body.checkpoint)]);
}

function ofDatasets({ method, form }, query, names) {
  if (method === "GET" && !names.length && only(query, ["limit"])) return words("data ls", [flag("limit", query.limit)]);
  if (method !== "POST" || names[0] !== "upload" || !form) return null;
  return words("data put", form.map(([name, value, isFile]) => (isFile ? quote(value) : flag(name, value))));
}

function only(query, names) {
  return Object.keys(query).every((name) => names.includes(name));
}

function flag(name, value) {
  return value === undefined || value === null ? null : `--${name} ${quote(String(value))}`;
}

function words(command, given) {
  return ["postgrad", command, ...given.filter((word) => word !== null)].join(" ");
}
