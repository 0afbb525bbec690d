/** Server-sent events over a fetch body, with resume. */

const FIRST_WAIT = 500;
const LONGEST_WAIT = 5000;
const PASSING = new Set([0, 429, 502, 503, 504]);

/**
 * Yield the events of a stream, and come back after a break.
 * @param {function(Object, AbortSignal): Promise<Response>} open
 */
export async function* stream(open, { lastEventId = null, signal, onstate = () => {}, once = false } = {}) {
  let last = lastEventId;
  let wait = FIRST_WAIT;
  try {
    while (!signal?.aborted) {
      const response = await opened(open, last, signal, once);
      if (response?.status === 204) return;
      if (response) {
        onstate("open");
        for await (const event of parse(response, signal, once)) {
          wait = FIRST_WAIT;
          last = event.id ?? last;
          const stopping = event.event === "end" && event.data?.reason === "server_stopping";
          if (!stopping) yield event;
          if (event.event === "end" && !stopping) return;
        }
      }
      if (once) return;
      onstate("waiting");
      await pause(wait, signal);
      wait = Math.min(2 * wait, LONGEST_WAIT);
    }
  } finally {
    onstate("closed");
  }
}

/** Open a stream; null when it may go better in a moment. */
async function opened(open, last, signal, once) {
  const headers = { Accept: "text/event-stream" };
  if (last !== null) headers["Last-Event-ID"] = String(last);
  try {
    return await open(headers, signal);
  } catch (error) {
    if (signal?.aborted) return null;
    if (once || !PASSING.has(error.status)) throw error;
    return null;
  }
}

async function* parse(response, signal, once) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text = (text + value).replaceAll("\r\n", "\n");
      const blocks = text.split("\n\n");
      text = blocks.pop();
      for (const block of blocks) {
        const event = eventOf(block);
        if (event) yield event;
      }
    }
  } catch (error) {
    if (once && !signal?.aborted) throw error;
  } finally {
    reader.cancel().catch(() => {});
  }
}

function eventOf(block) {
  const event = { id: null, event: "message", data: [] };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") event.data.push(value);
    else if (name === "id" || name === "event") event[name] = value;
  }
  if (!event.data.length) return null;
  return { ...event, data: read(event.data.join("\n")) };
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
