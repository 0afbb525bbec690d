/** Using what a run has learned: classify, or write text. */

import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { href, setQuery } from "../router.js";
import { ACTIVE, modelOf, nameOf, statusBadge } from "../runs/format.js";
import { writeDataset } from "../runs/datasets.js";
import { featuresOf } from "../use/features.js";
import { predictor } from "../use/predict.js";
import { loadTarget } from "../use/target.js";
import { writer } from "../use/write.js";

export const title = (words) => words("use.title");

/** Show the view; the address holds what is asked, and of which checkpoint or version. */
export async function show(root, { params, query, signal }) {
  const waiting = h("div", { class: "skeleton", "aria-busy": "true" });
  root.append(waiting);
  const target = await loadTarget(params.kind, params.id, signal).finally(() => waiting.remove());
  document.title = `${t("use.of", { name: nameOfTarget(target) })} · Postgrad Lab`;
  target.choose(query.get(target.parameter));
  const box = h("div");
  root.append(head(target), chooser(target, () => part.again()), box);
  let part = null;
  const fill = async (words) => {
    const features = target.writes ? [] : await featuresOf(target.run, signal);
    if (signal.aborted) return;
    part = target.writes ? writer({ target, query: words, signal }) : predictor({ target, features, query: words, signal });
    replace(box, part.element);
  };
  await fill(query);
}

function nameOfTarget({ run, model }) {
  return model ? model.id : nameOf(run);
}

function head(target) {
  const { run, model } = target;
  const data = h("span");
  writeDataset(run, (text) => {
    data.textContent = text;
  });
  const name = nameOfTarget(target);
  const back = model
    ? h("a", { class: "button", href: href(`/models/${encodeURIComponent(model.id)}`) }, t("use.to_model"))
    : h("a", { class: "button", href: href("/models", { run: run.id }) }, t("runs.promote"));
  return h("div", { class: "page-head" },
    h("div", {}, h("h1", {}, t("use.of", { name })),
      h("p", { class: "lead" }, modelOf(run), " · ", data, " · ", h("a", { href: href(`/runs/${run.id}`) }, t("use.to_run")))),
    h("div", { class: "row" }, ACTIVE.has(run.status) ? statusBadge(run) : null, back));
}

function chooser(target, onchange) {
  const select = h("select", { id: "use-which", value: target.chosen }, target.choices.map(([value, text]) => h("option", { value }, text)));
  select.addEventListener("change", () => {
    target.choose(select.value);
    setQuery({ [target.parameter]: target.chosen === target.fallback ? null : target.chosen });
    onchange();
  });
  return h("div", { class: "field inline use-which" }, h("label", { for: "use-which" }, t(`use.${target.parameter}_label`)), select);
}
