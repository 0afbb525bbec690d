/** Hash routes: the whole state of a view is in the address, e.g. `#/runs/run_01…?x=log&step=200`. */

const ROUTES = [
  ["/", "data"],
  ["/data", "data"],
  ["/new", "new"],
  ["/runs", "runs"],
  ["/runs/:id", "run"],
  ["/compare", "compare"],
  ["/models", "models"],
  ["/models/:name", "models"],
  ["/use/:kind/:id", "use"],
];

const PACE_MS = 320; // between writings: browsers refuse more than some hundred in half a minute, as a slider makes them
const listeners = new Set();
let wanted = null; // an address that is not written yet
let timer = 0;
let lastTime = -PACE_MS;

/**
 * Where the page is.
 * @returns {{path: string, params: Object<string, string>, query: URLSearchParams, view: string|null}}
 */
export function current() {
  const [path, query = ""] = split(here().replace(/^#/, "") || "/");
  const found = match(path);
  return { path, params: found?.params ?? {}, query: new URLSearchParams(query), view: found?.view ?? null };
}

/**
 * The address of a view, for a link.
 * @param {string} path such as "/runs/run_1"
 * @param {Object<string, unknown>|URLSearchParams} query values that are null or undefined are left out
 */
export function href(path, query = {}) {
  const entries = query instanceof URLSearchParams ? [...query] : Object.entries(query);
  const there = entries.filter(([, value]) => value !== null && value !== undefined);
  const text = new URLSearchParams(there.map(([name, value]) => [name, String(value)])).toString();
  return `#${path}${text ? `?${text}` : ""}`;
}

/** Show a view, as a new entry of the history. */
export function go(path, query = {}) {
  settle();
  history.pushState(null, "", href(path, query));
  tell();
}

/**
 * Change some of the query and stay in the view; null takes a name away. `current` knows at once, the browser soon.
 * @param {Object<string, unknown>} changes
 * @param {{push?: boolean}} options push: as a new entry, so that "back" undoes it
 */
export function setQuery(changes, { push = false } = {}) {
  const { path, query } = current();
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined) query.delete(name);
    else query.set(name, String(value));
  }
  const address = href(path, query);
  if (address === here()) return;
  if (push) {
    settle();
    history.pushState(null, "", address);
    return;
  }
  wanted = address;
  const rest = lastTime + PACE_MS - performance.now();
  if (rest <= 0) settle();
  else timer ||= setTimeout(settle, rest);
}

function here() {
  return wanted ?? location.hash;
}

/** Write the address that is wanted, and how far the page is scrolled: "back" finds both. */
function settle() {
  if (wanted !== null) lastTime = performance.now();
  history.replaceState({ scrolled: scrollY }, "", here());
  forget();
}

function forget() {
  clearTimeout(timer);
  timer = 0;
  wanted = null;
}

/** Call a function whenever another place is shown: by a link, by `go`, by back and forward; it is told how far that was scrolled. */
export function onplace(listener) {
  listeners.add(listener);
}

function tell(scrolled = 0) {
  for (const listener of listeners) listener(current(), scrolled);
}

function split(address) {
  const at = address.indexOf("?");
  return at < 0 ? [address] : [address.slice(0, at), address.slice(at + 1)];
}

function match(path) {
  const steps = path.split("/");
  for (const [pattern, view] of ROUTES) {
    const names = pattern.split("/");
    const fits = names.length === steps.length && names.every((name, i) => (name.startsWith(":") ? steps[i] : name === steps[i]));
    if (!fits) continue;
    const params = {};
    names.forEach((name, i) => {
      if (name.startsWith(":")) params[name.slice(1)] = decoded(steps[i]);
    });
    return { view, params };
  }
  return null;
}

function decoded(step) {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

addEventListener("click", settle, { capture: true }); // it may lead elsewhere, and "back" comes to what was written
addEventListener("pagehide", settle);
addEventListener("popstate", ({ state }) => {
  forget();
  tell(state?.scrolled);
});
