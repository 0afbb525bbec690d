/** The shell: shows the view that the address names, and the header above it. */

import { setKeyAsker } from "./api.js";
import { h, replace } from "./dom.js";
import { languages, t } from "./i18n.js";
import { current, onplace } from "./router.js";
import { drawHeader, markPlace } from "./shell/header.js";
import { askForKey, forgive } from "./shell/key_dialog.js";
import { notice } from "./shell/notice.js";

const main = document.getElementById("view");

let shown = { path: null, controller: null, update: null };

async function show(place, moved, scrolled = 0) {
  markPlace(place.path);
  if (moved && place.path === shown.path && shown.update) {
    shown.update(place.query);
    return;
  }
  shown.controller?.abort();
  forgive();
  const controller = new AbortController();
  shown = { path: place.path, controller, update: null };
  const root = h("div", { class: `view view-${place.view ?? "missing"}` });
  replace(main, root);
  scrollTo(0, 0);
  await mount(root, place, controller);
  if (!moved || controller.signal.aborted) return;
  focusHeading(root);
  if (scrolled) scrollTo(0, scrolled);
}

async function mount(root, place, controller) {
  if (!place.view) {
    document.title = `${t("shell.missing")} · Postgrad Lab`;
    root.append(h("h1", {}, t("shell.missing")), h("p", {}, t("shell.missing_text")), h("a", { href: "#/" }, t("shell.home")));
    return;
  }
  let title = t("shell.failed");
  try {
    const view = await import(`./views/${place.view}.js`);
    if (controller.signal.aborted) return;
    title = view.title(t);
    document.title = `${title} · Postgrad Lab`;
    const handle = await view.show(root, { params: place.params, query: place.query, signal: controller.signal });
    if (!controller.signal.aborted) shown.update = handle?.update ?? null;
  } catch (error) {
    if (controller.signal.aborted) return;
    if (!root.querySelector("h1")) root.prepend(h("h1", {}, title));
    root.querySelector("h1").after(notice(error));
    if (error.status === undefined) throw error;
  }
}

/** Bring a reader to the beginning of a new view, as a page that is loaded would. */
function focusHeading(root) {
  if (root.contains(document.activeElement)) return;
  const heading = root.querySelector("h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** Show the view from the beginning, as with other words or another key. */
function again() {
  shown.path = null;
  show(current(), false);
}

function words() {
  const skip = document.getElementById("skip");
  skip.textContent = t("shell.skip");
  drawHeader(document.getElementById("top"), again);
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment is the address of the view
  main.focus();
});
languages.addEventListener("change", () => {
  words();
  again();
});
setKeyAsker(askForKey);
words();
onplace((place, scrolled) => show(place, true, scrolled));
show(current(), false);
