/** Which class is taken for which. */

import { chart } from "../charts.js";
import { shortened } from "../charts/names.js";
import { h, replace } from "../dom.js";
import { number, t } from "../i18n.js";
import { more, namedTable, percent } from "./parts.js";

const WRITTEN = 15; // classes, of which the numbers are written into the picture
const LISTED = 30;
const LONGEST = 14; // characters of a name at an axis
const STRONGEST = "color-mix(in srgb, var(--series-1) 50%, var(--chart-paper))"; // the numbers keep a contrast of 5 on it

/** Make the card; it is hidden until there is a matrix. */
export function confusion(feed) {
  const picture = chart({ id: "confusion-chart", title: t("watch.confusion"), traces: [], layout: {} });
  const classes = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("watch.per_class") });
  const title = h("h2", {}, t("watch.mistakes"));
  const element = h("section", { class: "card", id: "confusion", hidden: true }, title, picture.element, classes);
  feed.signal.addEventListener("abort", () => picture.destroy());
  const draw = (found) => {
    element.hidden = !found?.confusion_matrix;
    if (element.hidden) return;
    picture.update(chartOf(found, feed.run.training.validation_fraction > 0));
    replace(classes, perClass(found.per_class));
  };
  return { element, draw };
}

function chartOf({ confusion_matrix: matrix, classes, accuracy, step, examples }, heldOut) {
  const names = classes.map(String);
  const shares = matrix.map((row) => row.map((count) => count / Math.max(1, row.reduce((a, b) => a + b, 0))));
  const few = names.length <= WRITTEN;
  const told = `${t("watch.true_class")} %{y}<br>${t("watch.predicted_class")} %{x}<br>`;
  return {
    traces: [{
      type: "heatmap", x: names, y: names, z: matrix, customdata: shares, meta: { corner: t("watch.true_class") },
      colorscale: [[0, "var(--chart-paper)"], [1, STRONGEST]], zmin: 0, showscale: false, xgap: 2, ygap: 2,
      texttemplate: few ? "%{z}" : undefined, textfont: { color: "var(--chart-text)" },
      hovertemplate: `${told}%{z} (%{customdata:.1%})<extra></extra>`,
    }],
    layout: {
      height: Math.min(460, 130 + 34 * names.length),
      hovermode: "closest",
      xaxis: { ...axis(names), title: { text: t("watch.predicted_class") } },
      yaxis: { ...axis(names), title: { text: t("watch.true_class") }, autorange: "reversed" },
    },
    summary: t(heldOut ? "watch.confusion_all" : "watch.confusion_is", { accuracy: percent(accuracy), step, count: examples }),
  };
}

/** The classes along an axis; where their names are long, so many of them as there is room for. */
function axis(names) {
  const plain = { type: "category", showgrid: false, ticks: "" };
  if (names.every((name) => name.length <= LONGEST)) return plain;
  const shown = names.filter((_, i) => i % Math.ceil(names.length / WRITTEN) === 0);
  return { ...plain, tickvals: shown, ticktext: shown.map((name) => shortened(name, LONGEST)) };
}

function perClass(found) {
  const columns = ["class_column", "examples", "precision", "recall"].map((name) => t(`watch.${name}`));
  const shown = found.slice(0, LISTED);
  const rows = shown.map((one) => [String(one.label), number(one.examples), percent(one.precision), percent(one.recall)]);
  return [namedTable(t("watch.per_class"), columns, rows), more("watch.more_classes", found.length - shown.length)];
}
