/** What the page knows of a run: first what there is, then what comes, by server-sent events with resume. */

import { events, get, getAll } from "../api.js";
import { History, POINTS } from "./history.js";
import { throttled } from "./throttle.js";

const GROW_MS = 400;
const REFRESH_MS = 1000;
const LIST_MS = 1500;
const ENDED = new Set(["succeeded", "failed", "cancelled"]);

/** Whether a status is an end. */
export function ended(run) {
  return ENDED.has(run.status);
}

/** Tells by events "run", "points", "checkpoints", "connection", "problem" and "gone". */
export class Feed extends EventTarget {
  run = null;
  history = new History();
  begun = false; // whether the history is what the server has, and not only empty
  checkpoints = [];
  connection = "closed";
  problem = null;
  gone = false;

  constructor(id, signal) {
    super();
    this.path = `/v1/runs/${encodeURIComponent(id)}`;
    this.signal = signal;
    this.grow = this.later(() => this.readPoints(), GROW_MS);
    this.refresh = this.later(() => this.readRun(), REFRESH_MS);
    this.list = this.later(() => this.readCheckpoints(), LIST_MS);
  }

  /** Read what the head of the view needs; the curves, which may take longer, are asked for at the same time. */
  async begin() {
    const { path, signal } = this;
    this.first = this.readWhole().catch((error) => !signal.aborted && this.fail(error));
    const [run, saved] = await Promise.all([get(path, { signal }), get(`${path}/checkpoints`, { signal })]);
    this.run = run;
    this.checkpoints = saved.data;
  }

  /** Wait for the curves, then follow what happens, until the run has ended or the view is left. */
  async follow() {
    await this.first;
    if (this.signal.aborted || ended(this.run)) return;
    const onstate = (state) => this.connect(state);
    try {
      for await (const event of events(`${this.path}/events`, { signal: this.signal, onstate })) this.take(event);
    } catch (error) {
      if (!this.signal.aborted) this.fail(error);
    }
    await this.finish();
  }

  take({ event, data }) {
    if (event === "metrics" && data.data.to_step > this.history.last) {
      this.grow();
      this.refresh();
    } else if (event === "checkpoint" && data.data.step > (this.checkpoints.at(-1)?.step ?? -1)) this.list();
    else if (event === "state") this.refresh();
    else if (event === "end" && data.reason === "run_deleted") this.leave();
  }

  /** There is nothing more to ask about a run that is deleted. */
  leave() {
    this.gone = true;
    this.tell("gone");
  }

  connect(state) {
    const back = state === "open" && this.connection === "waiting";
    this.connection = state;
    this.tell("connection");
    if (back) for (const ask of [this.grow, this.refresh, this.list]) ask();
  }

  /** After the last event: the whole once more, and what the run has become. */
  async finish() {
    if (this.signal.aborted) return;
    await this.safely(() => this.readWhole());
    await this.safely(() => this.readCheckpoints());
    await this.safely(() => this.readRun());
  }

  async readRun() {
    this.run = await get(this.path, { signal: this.signal });
    this.tell("run");
    if (this.writes && !ended(this.run)) this.list(); // no event tells of a best, which may soon be another
  }

  /** Whether a model of text has a new best, with a text of which the page does not know. */
  get writes() {
    const { model, metrics } = this.run;
    const best = (metrics.val_loss ?? metrics.loss)?.best_step;
    return model.kind === "char_rnn" && !this.checkpoints.some(({ step, sample }) => step === best && sample !== null);
  }

  async readPoints() {
    if (this.history.full || !this.begun) return this.readWhole();
    const query = { from_step: this.history.last + 1, max_points: POINTS };
    const answer = await get(`${this.path}/metrics`, { query, signal: this.signal });
    if (this.history.append(answer)) this.tell("points");
  }

  async readWhole() {
    this.history.set(await get(`${this.path}/metrics`, { query: { max_points: POINTS }, signal: this.signal }));
    this.begun = true;
    this.tell("points");
  }

  async readCheckpoints() {
    this.checkpoints = await getAll(`${this.path}/checkpoints`, { signal: this.signal });
    this.tell("checkpoints");
  }

  later(work, ms) {
    return throttled(() => this.safely(work), ms, this.signal);
  }

  /** A server that is away for a moment is no error: the stream says so, and comes back. */
  async safely(work) {
    if (this.gone) return;
    try {
      await work();
    } catch (error) {
      if (!this.signal.aborted && !this.gone && error.status !== 0) this.fail(error);
    }
  }

  fail(error) {
    this.problem = error;
    this.tell("problem");
  }

  tell(name) {
    this.dispatchEvent(new Event(name));
  }

  /** Call a function at each event of these names, until the view is left. */
  on(names, listener) {
    for (const name of names.split(" ")) this.addEventListener(name, listener, { signal: this.signal });
  }
}
