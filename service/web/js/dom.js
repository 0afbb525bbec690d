/** Making elements, and telling what happened. */

const PROPERTIES = new Set(["value", "checked", "indeterminate"]);
const LIVE_MS = 5000;

/**
 * Make an element.
 * @param {string} tag
 * @param {Object<string, unknown>|null} props `class`, `dataset`, `on…` functions, attributes; false and null are left out
 * @param {...(Node|string|number|null|false|Array)} children
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  const later = [];
  for (const [name, value] of Object.entries(props ?? {})) {
    if (PROPERTIES.has(name)) later.push([name, value]);
    else give(element, name, value);
  }
  element.append(...nodes(children));
  for (const [name, value] of later) {
    if (value !== undefined && value !== null) element[name] = value; // a select has its options only now
  }
  return element;
}

/** Put other children into a node. */
export function replace(node, ...children) {
  node.replaceChildren(...nodes(children));
  return node;
}

/** Put children into a node in this order; those that are there already stay, with the focus and the selection in them. */
export function arrange(node, children) {
  const wanted = new Set(children);
  for (const child of [...node.children]) if (!wanted.has(child)) child.remove(); // first: nothing that stays is moved for it
  children.forEach((child, i) => {
    if (node.children[i] !== child) node.insertBefore(child, node.children[i] ?? null);
  });
}

function give(element, name, value) {
  if (value === false || value === null || value === undefined) return;
  if (name === "dataset") Object.assign(element.dataset, value);
  else if (name.startsWith("on") && typeof value === "function") element.addEventListener(name.slice(2).toLowerCase(), value);
  else element.setAttribute(name, value === true ? "" : String(value));
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

let waiting = null;
let timer = 0;
let lastTime = -LIVE_MS;

/**
 * Tell something to a screen reader: at most one text each five seconds, the last one wins.
 * @param {string} text
 */
export function announce(text) {
  waiting = text;
  if (timer) return;
  timer = setTimeout(speak, Math.max(0, lastTime + LIVE_MS - performance.now()));
}

function speak() {
  timer = 0;
  lastTime = performance.now();
  document.getElementById("live").textContent = waiting;
}
