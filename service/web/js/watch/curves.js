/** Loss and accuracy, and small beside each other what the optimizer does. */

import { chart } from "../charts.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { percent, sized } from "./parts.js";
import { best, endShape, level, lines } from "./traces.js";
import { whyEnded } from "./status.js";

const LOSSES = ["loss", "val_loss", "data_loss", "reg_loss", "smooth_loss"];
const SCORES = ["train_accuracy", "val_accuracy"];
const SMALL = ["learning_rate", "grad_norm", "update_ratio"];
const USUAL_RATIO = 1e-3;
const stepAxis = (feed) => ({ title: { text: t("watch.step") }, ...ticksAlong(feed) });

/**
 * Make the charts of a run; they follow the feed and the settings.
 * @param {Feed} feed
 * @param {Settings} settings
 * @param {function(): {value: number, name: string}|null} guessing the loss of guessing, if it is known
 */
export function curves(feed, settings, guessing) {
  const onaxis = (name, type) => settings.change({ [name]: type });
  const loss = chart({ id: "loss-chart", title: t("watch.loss"), ...lossChart(feed, settings, guessing),
    controls: { x: settings.x, y: settings.y, onaxis } });
  const score = chart({ id: "accuracy-chart", title: t("watch.accuracy"), ...scoreChart(feed, settings) });
  const scored = h("div", {}, score.element);
  const small = SMALL.map((name) => [name, chart({ id: `${name.replace("_", "-")}-chart`, title: t(`watch.series_${name}`),
    ...smallChart(feed, settings, name) })]);
  const draw = () => {
    loss.update({ ...lossChart(feed, settings, guessing), axes: { x: settings.x, y: settings.y } });
    score.update(scoreChart(feed, settings));
    scored.hidden = !scores(feed).length;
    for (const [name, one] of small) one.update(smallChart(feed, settings, name));
  };
  feed.on("points run", draw);
  settings.addEventListener("change", draw, { signal: feed.signal });
  draw();
  feed.signal.addEventListener("abort", () => [loss, score, ...small.map(([, one]) => one)].forEach((one) => one.destroy()));
  const row = h("div", { class: "small-multiples" }, small.map(([, one]) => one.element));
  return { loss: loss.element, score: scored, small: row, draw };
}

function lossChart(feed, { smooth, x }, guessing) {
  const { run, history } = feed;
  const expected = guessing();
  return {
    traces: [
      ...lines(history, LOSSES, smooth, x),
      ...(expected ? level(history, expected.value, expected.name) : []),
      ...best(run, history, history.has("val_loss") ? "val_loss" : "loss"),
    ],
    layout: { height: 360, xaxis: stepAxis(feed), yaxis: { rangemode: "tozero" }, hovermode: "x unified", shapes: endShape(run) },
    summary: lossSummary(feed),
  };
}

function lossSummary({ run, history, begun }) {
  if (!begun) return t("watch.reading");
  if (!history.steps.length) return t("watch.no_points");
  const { loss } = history.series;
  const told = [t("watch.loss_from_to", { first: worth(loss, 0), last: worth(loss, -1), step: history.last })];
  const held = run.metrics.val_loss;
  if (typeof held?.best === "number") told.push(t("watch.best_held", { value: held.best, step: held.best_step }));
  const lost = Object.values(history.nonfinite).flat()[0];
  if (lost) told.push(t("watch.lost", { kind: lost.kind, step: lost.step }));
  const why = whyEnded(run);
  if (why) told.push(why);
  return told.join(" ");
}

function worth(values, at) {
  const value = values?.filter((one) => one !== null).at(at);
  return value === undefined ? "–" : sized(value);
}

function scores(feed) {
  const there = (name) => (feed.begun ? feed.history.has(name) : name in feed.run.metrics);
  const names = SCORES.filter(there);
  return names.length ? names : ["val_perplexity"].filter(there);
}

function scoreChart(feed, { smooth, x }) {
  const names = scores(feed);
  const share = names[0] !== "val_perplexity";
  const told = names.map((name) => `${t(`watch.series_${name}`)}: ${worthOf(feed.run.metrics[name], share)}`);
  return {
    traces: [...lines(feed.history, names, smooth, x), ...best(feed.run, feed.history, names.at(-1))].map((trace) =>
      share ? { ...trace, hovertemplate: "%{y:.1%}" } : trace),
    layout: { height: 360, xaxis: { ...stepAxis(feed), type: x }, yaxis: share ? { range: [0, 1.02], tickformat: ".0%" } : {},
      hovermode: "x unified" },
    summary: told.join(" · "),
  };
}

function worthOf(metric, share) {
  if (typeof metric?.last !== "number") return "–";
  const text = share ? percent : sized;
  const [last, top] = [text(metric.last), typeof metric.best === "number" ? text(metric.best) : null];
  return top === null || top === last ? last : `${last} (${t("watch.best_at", { value: top, step: metric.best_step })})`;
}

/** So many ticks of a small logarithmic axis that their labels have room: 1, 2, 5 of each decade, or fewer decades. */
function ticks(values) {
  const positive = values.filter((value) => value > 0);
  const decades = positive.length ? Math.log10(Math.max(...positive) / Math.min(...positive)) : 1;
  return decades < 2 ? "D2" : Math.ceil(decades / 5);
}

/** Around a single point there would be negative steps, and parts of one. */
function ticksAlong({ history, run }) {
  return history.last > 0 ? {} : { tickvals: [0, run.progress.step] };
}

function smallChart(feed, { smooth, x }, name) {
  const { history, run } = feed;
  const ratio = name === "update_ratio";
  const usual = ratio ? level(history, USUAL_RATIO, t("watch.usual_ratio")) : [];
  const log = { type: "log", dtick: ticks([...(ratio ? [USUAL_RATIO] : []), ...(history.series[name] ?? [])]) };
  const yaxis = name === "learning_rate" ? { rangemode: "tozero", nticks: 5 } : log;
  const last = run.metrics[name]?.last ?? history.series[name]?.findLast((value) => value !== null);
  return {
    traces: [...lines(history, [name], name === "learning_rate" ? 0 : smooth, x), ...usual],
    layout: { height: 180, showlegend: false, xaxis: { type: x, nticks: 5, ...ticksAlong(feed) }, yaxis, margin: { l: 44, r: 8, t: 6, b: 26 } },
    summary: typeof last === "number" ? t("watch.now_at", { value: sized(last) }) : "",
  };
}
