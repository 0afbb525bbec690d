/** How much is held out for validation: a slider, and what it means for this dataset. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

/**
 * Make the slider.
 * @param {number} value share that is held out, 0 … 0.9
 * @param {function(number): void} onchange
 * @returns {{element: HTMLElement, value: function(): number, show: function(number): void}} show is told how many examples there are
 */
export function split(value, onchange) {
  let total = 0;
  const input = h("input", { type: "range", id: "held-out", min: 0, max: 0.9, step: 0.05, value, "aria-describedby": "held-out-text" });
  const text = h("p", { class: "hint", id: "held-out-text" });
  const kept = h("span", {});
  const bar = h("div", { class: "split-bar", "aria-hidden": "true" }, kept, h("span", {}));
  const share = () => Number(input.value);

  function draw() {
    const held = Math.round(total * share());
    bar.hidden = !held;
    kept.style.flexGrow = String(1 - share());
    bar.lastChild.style.flexGrow = String(share());
    text.textContent = held ? t("data.split_text", { train: total - held, held }) : t("data.split_none");
    input.setAttribute("aria-valuetext", `${Math.round(100 * share())} %`);
  }
  input.addEventListener("input", () => {
    draw();
    onchange(share());
  });
  draw();
  const element = h("div", { class: "field" }, h("label", { for: "held-out" }, t("data.held_out")), input, bar, text);
  const show = (examples) => {
    total = examples;
    draw();
  };
  return { element, value: share, show };
}
