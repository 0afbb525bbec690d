/** What a model of text wrote at its milestones, at its best and at its end, the newest first: it gets better. */

import { arrange, h, replace } from "../dom.js";
import { number, t } from "../i18n.js";
import { cardHead } from "./parts.js";

const FIRST = 8;

/** Make the card of a char_rnn. */
export function samples(feed) {
  const list = h("ol", { class: "samples", reversed: true, onfocusout: () => setTimeout(draw) });
  const empty = h("p", { class: "muted" }, t("watch.no_samples"));
  const more = h("button", { type: "button", class: "small", onclick: () => (all = true, draw()) });
  let all = false;
  const kept = new Map(); // a sample that is read stays where it is while others come
  function draw() {
    const written = feed.checkpoints.filter(({ sample }) => sample !== null);
    const read = [...kept.values()].find(({ element }) => element.contains(document.activeElement))?.checkpoint;
    if (read && !written.some(({ id }) => id === read.id)) written.push({ ...read, names: [] }); // a best that another has replaced
    written.sort((one, other) => other.step - one.step);
    const shown = written.filter(({ id, names }, i) => all || i < FIRST || names.includes("best") || id === read?.id);
    empty.hidden = written.length > 0;
    more.hidden = shown.length === written.length;
    more.textContent = t("watch.more_samples", { count: written.length });
    arrange(list, shown.map((checkpoint) => known(checkpoint)));
    for (const id of kept.keys()) if (!shown.some((checkpoint) => checkpoint.id === id)) kept.delete(id);
  }
  function known(checkpoint) {
    if (!kept.has(checkpoint.id)) kept.set(checkpoint.id, entry(checkpoint));
    const { element, head } = kept.get(checkpoint.id);
    replace(head, told(checkpoint, feed));
    return element;
  }
  feed.on("checkpoints points", draw);
  draw();
  const request = () => ({ method: "GET", path: `${feed.path}/checkpoints` });
  const text = h("p", { class: "muted" }, t("watch.samples_text"));
  return h("section", { class: "card", id: "samples" }, cardHead(t("watch.samples"), request), text, empty, list, more);
}

function entry(checkpoint) {
  const { step, sample } = checkpoint;
  const head = h("p", { class: "row small number" });
  const box = { class: "sample", tabindex: "0", role: "region", "aria-label": t("watch.sample_at", { step }) };
  return { element: h("li", {}, head, h("pre", box, sample)), head, checkpoint };
}

/** What is known of a checkpoint: its step, the loss there by its name in the chart, its names. */
function told({ step, names }, { history }) {
  const series = ["val_loss", "smooth_loss", "loss"].find((name) => history.has(name));
  const loss = series ? lossAt(history, series, step) : null;
  const facts = [t("watch.at_step", { step }), ...(loss === null ? [] : [`${t(`watch.series_${series}`)} ${number(loss)}`])];
  return [h("strong", {}, facts.join(" · ")), names.map((name) => h("span", { class: "badge" }, t(`watch.name_${name}`)))];
}

/** The loss at a step, or at the last one before it that is known. */
function lossAt({ steps, series }, name, step) {
  const at = steps.findLastIndex((one, i) => one <= step && series[name][i] !== null);
  return at < 0 ? null : series[name][at];
}
