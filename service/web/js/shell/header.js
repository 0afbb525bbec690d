/** The header: the places, language and theme, the key, and the drawer of requests. */

import { h, replace } from "../dom.js";
import { language, setLanguage, t } from "../i18n.js";
import { current, href } from "../router.js";
import { THEMES, setTheme, theme } from "../theme.js";
import { openKeyDialog } from "./key_dialog.js";
import { toggleDrawer } from "./requests.js";

const PLACES = [
  ["/data", "shell.data", ["/", "/data"]],
  ["/new", "shell.train", ["/new"]],
  ["/runs", "shell.runs", ["/runs", "/compare", "/use/run"]],
  ["/models", "shell.models", ["/models", "/use/model"]],
];

/** Draw the header, in the language of now; `again` shows the view anew. */
export function drawHeader(top, again) {
  replace(
    top,
    h("a", { class: "brand", href: href("/"), "aria-label": "Postgrad Lab" }, h("img", { src: "/web/icon.svg", alt: "", width: 26, height: 26 }), h("span", {}, "Postgrad ", h("b", {}, "Lab"))),
    h("nav", { "aria-label": t("shell.places") }, h("ul", { class: "places" }, PLACES.map(placeLink))),
    h("div", { class: "tools" }, languageChoice(), themeChoice(), keyButton(again), requestsButton()),
  );
  markPlace(current().path);
}

/** Mark the place that a path belongs to. */
export function markPlace(path) {
  document.querySelectorAll(".places a").forEach((link, i) => {
    const here = PLACES[i][2].some((start) => path === start || (start !== "/" && path.startsWith(`${start}/`)));
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
}

function placeLink([path, word]) {
  return h("li", {}, h("a", { href: href(path) }, t(word)));
}

function languageChoice() {
  const options = [["en", "English"], ["ko", "한국어"]].map(([name, label]) => h("option", { value: name, lang: name }, label));
  const change = (event) => {
    setLanguage(event.target.value);
    document.getElementById("language").focus();
  };
  return h("select", { id: "language", class: "quiet", "aria-label": t("shell.language"), value: language(), onChange: change }, options);
}

function themeChoice() {
  const options = THEMES.map((name) => h("option", { value: name }, t(`shell.theme_${name}`)));
  const change = (event) => setTheme(event.target.value);
  return h("select", { id: "theme", class: "quiet", "aria-label": t("shell.theme"), value: theme(), onChange: change }, options);
}

function keyButton(again) {
  const ask = async () => (await openKeyDialog()) && again();
  return h("button", { type: "button", class: "quiet", onClick: ask }, t("shell.key"));
}

function requestsButton() {
  const button = h("button", { type: "button", id: "requests", class: "quiet", "aria-expanded": "false", "aria-controls": "drawer" }, t("shell.requests"));
  button.addEventListener("click", () => toggleDrawer(button));
  return button;
}
