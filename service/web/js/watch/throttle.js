/** Work that may be asked for at any time, and is done now and then. */

/**
 * Return a function that asks for work: it is done at once, or `ms` after the last time, never twice at the same time, and
 * once more if it was asked for in between. Each asking looks at `ms` anew: what waits comes earlier if that is shorter now.
 * @param {function(): Promise<void>} work
 * @param {number|function(): number} ms
 * @param {AbortSignal} signal ends it
 */
export function throttled(work, ms, signal) {
  let timer = 0;
  let due = Infinity;
  let busy = false;
  let again = false;
  let last = -Infinity;
  const pause = () => (typeof ms === "function" ? ms() : ms);
  async function start() {
    timer = 0;
    due = Infinity;
    busy = true;
    again = false;
    await work();
    busy = false;
    last = performance.now();
    if (again) ask();
  }
  function ask() {
    if (signal.aborted) return;
    if (busy) again = true;
    else if (last + pause() < due) wait();
  }
  function wait() {
    clearTimeout(timer);
    due = last + pause();
    timer = setTimeout(start, Math.max(0, due - performance.now()));
  }
  signal.addEventListener("abort", () => clearTimeout(timer));
  return ask;
}
