/** Examples as points, a colour and a shape for each class. */

import { chart, series } from "../charts.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";

const HEIGHT = 400;
const LEGEND = 62; // pixels: a hundred classes leave room for the picture

/**
 * Make the picture of examples over two of their features.
 * @param {string} id
 * @returns {{element: HTMLElement, show: function(Object): void, destroy: function(): void}} show takes `features`, `classes`,
 *   `rows` (n, D) and `labels` (n), as the API has them
 */
export function scatter(id) {
  const picture = chart({ id, title: t("data.scatter"), traces: [], layout: { height: HEIGHT } });
  const axes = h("div", { class: "row axes", hidden: true });
  let data = null;
  let chosen = [0, 1];

  const draw = () => picture.update({ traces: tracesOf(data, chosen), layout: layoutOf(data, chosen), summary: summaryOf(data) });

  function choices() {
    axes.hidden = data.features.length < 3;
    const select = (place, name) => {
      const options = data.features.map((feature, i) => h("option", { value: i }, feature));
      const change = (event) => ((chosen[place] = Number(event.target.value)), draw());
      return h("label", { class: "field inline" }, h("span", {}, name), h("select", { value: chosen[place], onChange: change }, options));
    };
    axes.replaceChildren(select(0, "x"), select(1, "y"));
  }

  function show(next) {
    const same = data && data.features.join("\n") === next.features.join("\n");
    data = next;
    if (!same) {
      chosen = [0, Math.min(1, data.features.length - 1)];
      choices();
    }
    draw();
  }
  return { element: h("div", { class: "stack" }, picture.element, axes), show, destroy: picture.destroy };
}

function tracesOf({ features, classes, rows, labels }, [across, up]) {
  const alone = features.length === 1;
  const places = new Map(classes.map((name, i) => [name, i]));
  const traces = classes.map((name, i) => {
    const { color, symbol } = series(i);
    return { type: "scatter", mode: "markers", name: String(name), x: [], y: [], marker: { color, symbol, size: 7, opacity: 0.85 } };
  });
  rows.forEach((row, i) => {
    const trace = traces[places.get(labels[i])];
    trace.x.push(row[across]);
    trace.y.push(alone ? places.get(labels[i]) : row[up]);
  });
  return traces;
}

function layoutOf({ features }, [across, up]) {
  const equal = features.length === 2 ? { scaleanchor: "x" } : {};
  return {
    height: HEIGHT,
    xaxis: { title: { text: features[across] } },
    yaxis: { title: { text: features.length === 1 ? t("data.class") : features[up] }, ...equal },
    showlegend: true,
    legend: { maxheight: LEGEND },
  };
}

function summaryOf({ rows, total_examples: total, classes }) {
  const all = rows.length === total;
  return t(all ? "data.scatter_all" : "data.scatter_some", { shown: rows.length, total, classes: classes.length });
}
