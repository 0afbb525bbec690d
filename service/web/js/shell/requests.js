/** Opens and closes the drawer that lists the requests of this page. */

import { h, replace } from "../dom.js";
import { languages, t } from "../i18n.js";

const place = document.getElementById("drawer");

/** Open the drawer, or close it. */
export async function toggleDrawer(button) {
  if (!place.hidden) {
    close(button);
    return;
  }
  const { drawer } = await import("../drawer.js");
  const shut = h("button", { type: "button", class: "quiet", onClick: () => close(button) }, t("shell.close"));
  const heading = h("h2", { id: "drawer-title", tabindex: "-1" }, t("shell.requests_title"));
  replace(place, h("div", { class: "drawer-head" }, heading, shut), drawer());
  place.setAttribute("aria-labelledby", "drawer-title");
  place.hidden = false;
  button.setAttribute("aria-expanded", "true");
  heading.focus();
}

function close(button) {
  place.hidden = true;
  replace(place);
  button?.setAttribute("aria-expanded", "false");
  button?.focus();
}

place.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.target.closest("dialog")) close(document.getElementById("requests"));
});
languages.addEventListener("change", () => {
  if (!place.hidden) close(null);
});
