/** What is asked: a checkpoint of a run, or a version of a named model. */

import { get, getAll } from "../api.js";
import { number, t } from "../i18n.js";

/**
 * Read what the address names.
 * @param {"run"|"model"} kind
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<Target>}
 */
export function loadTarget(kind, id, signal) {
  return kind === "model" ? loadModel(id, signal) : loadRun(id, signal);
}

async function loadRun(id, signal) {
  const path = `/v1/runs/${encodeURIComponent(id)}`;
  const [run, data] = await Promise.all([get(path, { signal }), getAll(`${path}/checkpoints`, { signal })]);
  const steps = data.map(({ step }) => [String(step), t("use.at_step", { step })]).reverse();
  const named = ["latest", "best"].filter((name) => data.some(({ names }) => names.includes(name))).map((name) => [name, t(`use.${name}`)]);
  return new Target({ run, path, parameter: "checkpoint", choices: [...named, ...steps], fallback: "latest" });
}

async function loadModel(name, signal) {
  const path = `/v1/models/${encodeURIComponent(name)}`;
  const model = await get(path, { signal });
  const served = model.versions.find(({ version }) => version === model.served);
  const run = await get(`/v1/runs/${served.run}`, { signal });
  const aliases = Object.entries(model.aliases).map(([alias, version]) => [alias, t("use.alias", { alias, version })]);
  const versions = model.versions.map(({ version, step }) => [String(version), t("use.version", { version, step })]).reverse();
  return new Target({ run, model, path, parameter: "version", choices: [["", t("use.served", { version: model.served })], ...aliases, ...versions], fallback: "" });
}

export class Target {
  /** @param {{run: object, model?: object, path: string, parameter: string, choices: string[][], fallback: string}} parts */
  constructor(parts) {
    Object.assign(this, { model: null, ...parts });
    this.chosen = this.fallback;
  }

  /** Whether it writes text instead of classifying. */
  get writes() {
    return this.run.model.kind === "char_rnn";
  }

  /** Choose a checkpoint, or a version or alias; what is not there is the default. */
  choose(value) {
    this.chosen = this.choices.some(([known]) => known === value) ? value : this.fallback;
  }

  /** The version of the model that is chosen. */
  get version() {
    const wanted = this.model.aliases[this.chosen] ?? (Number(this.chosen) || this.model.served);
    return this.model.versions.find(({ version }) => version === wanted);
  }

  /** The request that classifies rows. */
  predict(inputs) {
    const path = `${this.path}/predict`;
    if (!this.model) return { method: "POST", path, body: { inputs, checkpoint: this.chosen } };
    if (!this.chosen) return { method: "POST", path, body: { inputs } };
    const numbered = /^\d+$/.test(this.chosen) && !(this.chosen in this.model.aliases);
    return { method: "POST", path, body: numbered ? { inputs, version: Number(this.chosen) } : { inputs, alias: this.chosen } };
  }

  /** The request that writes text: a named model writes by its run. */
  generate(wish) {
    const run = this.model ? this.version.run : this.run.id;
    const checkpoint = this.model ? this.version.checkpoint : this.chosen;
    return { method: "POST", path: `/v1/runs/${run}/generate`, headers: { Accept: "text/event-stream" }, body: { ...wish, checkpoint } };
  }
}

/** A number as a field holds it: short, and with a point whatever the language. */
export function plain(value) {
  return String(Number(value.toPrecision(4)));
}

/** A range as the language writes it. */
export function rangeText({ min, max, mean }) {
  const ends = t("use.range", { min: number(min), max: number(max) });
  return mean === undefined ? ends : `${ends}, ${t("use.mean", { mean: number(mean) })}`;
}
