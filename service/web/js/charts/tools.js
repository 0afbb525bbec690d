/** The buttons of a chart, each with a name of its own. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

/**
 * Make the row of buttons of a chart.
 * @param {string} title of the chart: the accessible names end with it
 * @param {Object|Node[]} controls see `chart`
 * @param {{axis: function(string, string): void, fit: function(): void, table: function(boolean): void}} act
 * @returns {{element: HTMLElement, zoomed: function(boolean): void, showTable: function(boolean): void}}
 */
export function tools(title, controls, act) {
  const of = () => h("span", { class: "visually-hidden" }, `: ${title}`);
  const fit = h("button", { type: "button", class: "tool", hidden: true, onclick: act.fit }, t("chart.fit"), of());
  const table = toggle(t("chart.table"), of(), controls.table === true, act.table);
  const axes = ["x", "y"].filter((name) => controls[name]);
  const switches = axes.map((name) =>
    toggle(t(`chart.log_${name}`), of(), controls[name] === "log", (on) => act.axis(name, on ? "log" : "linear")),
  );
  const extra = Array.isArray(controls) ? controls : (controls.extra ?? []);
  const row = { class: "chart-tools", role: "group", "aria-label": t("chart.tools", { title }) };
  const element = h("div", row, extra, fit, switches, table);
  return {
    element,
    zoomed: (is) => {
      fit.hidden = !is;
    },
    showTable: (on) => press(table, on),
    showAxis: (name, type) => {
      const at = axes.indexOf(name);
      if (at >= 0) press(switches[at], type === "log");
    },
  };
}

function toggle(label, hidden, on, act) {
  const button = h("button", { type: "button", class: "tool", "aria-pressed": String(on) }, label, hidden);
  button.addEventListener("click", () => {
    press(button, button.getAttribute("aria-pressed") !== "true");
    act(button.getAttribute("aria-pressed") === "true");
  });
  return button;
}

function press(button, on) {
  button.setAttribute("aria-pressed", String(on));
}
