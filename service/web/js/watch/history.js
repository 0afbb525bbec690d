/** The curves of a run, as they are known so far. */

export const POINTS = 1500;
const TOO_MANY = 2 * POINTS;

export class History {
  steps = [];
  series = {};
  nonfinite = {};
  total = 0;
  downsampled = false;

  /** The last step that is known, -1 before there is one. */
  get last() {
    return this.steps.at(-1) ?? -1;
  }

  /** Whether so many points came one by one that it is time to let the server choose anew. */
  get full() {
    return this.steps.length > TOO_MANY;
  }

  /** Begin anew with an answer of `…/metrics`. */
  set(answer) {
    this.steps = answer.steps;
    this.series = answer.series;
    this.nonfinite = answer.nonfinite;
    this.total = answer.total_points;
    this.downsampled = answer.downsampled;
  }

  /** Add the points of an answer that come after the last; return whether there were any. */
  append(answer) {
    const last = this.last;
    const from = answer.steps.findIndex((step) => step > last);
    if (from < 0) return false;
    const before = this.steps.length;
    const more = answer.steps.slice(from);
    this.steps = [...this.steps, ...more];
    for (const name of new Set([...Object.keys(this.series), ...Object.keys(answer.series)])) {
      const old = this.series[name] ?? Array(before).fill(null);
      this.series[name] = [...old, ...(answer.series[name]?.slice(from) ?? Array(more.length).fill(null))];
    }
    for (const [name, found] of Object.entries(answer.nonfinite)) {
      this.nonfinite[name] = [...(this.nonfinite[name] ?? []), ...found.filter(({ step }) => step > last)];
    }
    this.total = answer.total_points;
    this.downsampled ||= answer.downsampled;
    return true;
  }

  /** Whether there is anything to draw of a series. */
  has(name) {
    return this.series[name]?.some((value) => value !== null) ?? false;
  }
}
