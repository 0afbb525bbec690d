/** Light, dark, or as the system says. */

const KEPT = "lab.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

export const THEMES = ["auto", "light", "dark"];

/** Tells by an event "change" that the colours are others now. */
export const themes = new EventTarget();

/** What was chosen: "auto", "light" or "dark". */
export function theme() {
  return document.documentElement.dataset.theme ?? "auto";
}

/** Whether the page is dark now. */
export function isDark() {
  return theme() === "auto" ? system.matches : theme() === "dark";
}

/** Choose and keep a theme. */
export function setTheme(name) {
  document.documentElement.dataset.theme = name;
  try {
    localStorage.setItem(KEPT, name);
  } catch {
    // a browser may forbid it: then the choice lasts as long as the page
  }
  themes.dispatchEvent(new Event("change"));
}

system.addEventListener("change", () => themes.dispatchEvent(new Event("change")));
