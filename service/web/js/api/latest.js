/** Asking again while the user still turns a knob: only the last question counts. */

/**
 * Make a function that runs `ask` when it has not been called for `ms`, and gives up an older one that is under way.
 * @param {function(AbortSignal, ...any): Promise<void>} ask
 * @param {number} ms
 * @param {AbortSignal} [until] ends it for good
 */
export function latest(ask, ms, until) {
  let timer = 0;
  let controller = null;
  const stop = () => {
    clearTimeout(timer);
    controller?.abort();
  };
  until?.addEventListener("abort", stop, { once: true });
  return (...args) => {
    stop();
    if (until?.aborted) return;
    const mine = (controller = new AbortController());
    timer = setTimeout(() => run(ask, mine.signal, args), ms);
  };
}

async function run(ask, signal, args) {
  try {
    await ask(signal, ...args);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
