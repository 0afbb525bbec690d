/** The API key: kept for this tab only. */

const KEPT = "lab.key";

let memory = null;
let asker = null;
let asking = null;

/** The key that is sent, or null. */
export function key() {
  try {
    return sessionStorage.getItem(KEPT) ?? memory;
  } catch {
    return memory;
  }
}

/** Send another key from now on, or none. */
export function setKey(value) {
  memory = value || null;
  try {
    if (memory) sessionStorage.setItem(KEPT, memory);
    else sessionStorage.removeItem(KEPT);
  } catch {
    // a browser may forbid it: then the key lasts as long as the page
  }
}

/** Name the function that asks the user for a key: it resolves to whether there is a new one. */
export function setKeyAsker(ask) {
  asker = ask;
}

/** Ask the user for a key, once for however many requests need one. */
export async function askKey() {
  if (!asker) return false;
  asking ??= asker().finally(() => {
    asking = null;
  });
  return asking;
}
