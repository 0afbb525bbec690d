/** Ask a model of two features about a place: by a click into the picture, or by two numbers. */

import { post } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { number, t } from "../i18n.js";
import { notice } from "../shell/notice.js";
import { apiButton } from "../snippets.js";
import { series } from "../charts.js";

const LEAST = 1e-4; // a smaller probability is only said to be smaller

/**
 * Make the form and its answer.
 * @param {Feed} feed
 * @param {function(): string} checkpoint which one is shown
 * @param {function({x: number, y: number}): void} onplace is told where was asked
 * @returns {{element: HTMLElement, ask: function({x: number, y: number}): void, again: function(): void}}
 */
export function ask(feed, checkpoint, onplace) {
  const [first, second] = feed.run.data.features;
  const x = h("input", { type: "number", step: "any", id: "ask-x", required: true, value: 0 });
  const y = h("input", { type: "number", step: "any", id: "ask-y", required: true, value: 0 });
  const answer = h("div", { id: "answer" });
  const body = () => ({ inputs: [[Number(x.value), Number(y.value)]], checkpoint: checkpoint() });
  const path = `${feed.path}/predict`;
  let asked = 0;
  let due = false; // whether somebody waits to hear the answer
  async function send({ aloud }) {
    due ||= aloud;
    const number = (asked += 1);
    onplace({ x: Number(x.value), y: Number(y.value) });
    try {
      const told = await post(path, body(), { signal: feed.signal });
      if (number !== asked) return;
      replace(answer, shown(told));
      if (due) announce(sentence(told));
      due = false;
    } catch (error) {
      if (number === asked && !feed.signal.aborted) replace(answer, notice(error));
    }
  }
  const form = h("form", { class: "ask", onsubmit: (event) => (event.preventDefault(), send({ aloud: true })) },
    h("div", { class: "field" }, h("label", { for: "ask-x" }, first), x),
    h("div", { class: "field" }, h("label", { for: "ask-y" }, second), y),
    h("div", { class: "joined" }, h("button", { type: "submit" }, t("watch.predict_here")),
      apiButton(() => ({ method: "POST", path, body: body() }), { label: t("watch.predict_here") })));
  const hint = h("p", { class: "hint" }, t("watch.ask_text"));
  const element = h("div", { class: "stack ask-box" }, h("h3", {}, t("watch.ask_title")), hint, form, answer);
  return {
    element,
    ask: (place) => {
      x.value = Number(place.x.toPrecision(4));
      y.value = Number(place.y.toPrecision(4));
      send({ aloud: true });
    },
    again: () => asked > 0 && send({ aloud: false }),
  };
}

function sentence({ labels, probabilities, step }) {
  return t(probabilities ? "watch.answer" : "watch.answer_scores", { label: String(labels[0]), step });
}

function shown(told) {
  const { classes, probabilities, scores } = told;
  const values = (probabilities ?? scores)[0];
  const most = Math.max(...values.map(Math.abs), 1e-9);
  const order = values.map((_, k) => k).sort((a, b) => values[b] - values[a]).slice(0, 10);
  const rows = order.map((k) => {
    const bar = h("span", {});
    bar.style.width = `${Math.max(0, (100 * values[k]) / (probabilities ? 1 : most)).toFixed(1)}%`;
    bar.style.background = series(k).color;
    const worth = probabilities ? share(values[k]) : number(values[k]);
    const drawn = h("td", { class: "wide" }, h("div", { class: "bar" }, bar));
    return h("tr", {}, h("th", { scope: "row" }, String(classes[k])), drawn, h("td", { class: "number right" }, worth));
  });
  const head = sentence(told);
  const caption = h("caption", { class: "visually-hidden" }, head);
  return [h("p", {}, h("strong", {}, head)), h("table", { class: "table answer-table" }, caption, h("tbody", {}, rows))];
}

function share(value) {
  const least = value > 0 && value < LEAST;
  return `${least ? "< " : ""}${number(100 * (least ? LEAST : value), { maximumSignificantDigits: 3 })} %`;
}
