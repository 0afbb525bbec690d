/** Doing something again and again while the page is seen. */

const LONGEST_PAUSE = 60_000;

/**
 * Call a function after each pause until the view is left; not while the page is hidden, and at once when it is shown again.
 * After an error pauses double.
 * @param {() => Promise<void>} work
 * @param {() => number} pause  milliseconds, asked for each time
 * @param {AbortSignal} signal
 */
export function poll(work, pause, signal) {
  let failures = 0;
  let timer = 0;
  const plan = () => {
    clearTimeout(timer);
    if (!signal.aborted && !document.hidden) timer = setTimeout(turn, Math.min(pause() * 2 ** failures, LONGEST_PAUSE));
  };
  const turn = async () => {
    try {
      await work();
      failures = 0;
    } catch {
      failures += 1;
    }
    plan();
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : turn()), { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  plan();
}
