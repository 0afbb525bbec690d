/** Data: make it, upload it, look at it. */

import { openapi } from "../api/openapi.js";
import { generatorCard } from "../data/generator.js";
import { lookCard } from "../data/look.js";
import { storedCard } from "../data/stored.js";
import { uploadCard } from "../data/upload.js";
import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { notice } from "../shell/notice.js";

export const title = (words) => words("data.title");

/** Show the view. Query: `dataset`, or `kind` and its parameters; `held_out`. */
export async function show(root, { query, signal }) {
  const place = h("div", { class: "stack" });
  const head = h("div", {}, h("h1", {}, t("data.title")), h("p", { class: "lead" }, t("data.lead")));
  root.append(head, place);
  let controller = null;

  async function fill(asked) {
    controller?.abort();
    controller = new AbortController();
    const mine = controller.signal;
    const id = asked.get("dataset");
    const main = h("div", { class: "stack" }, h("div", { class: "skeleton" }));
    replace(place, main, h("div", { class: "grid two" }, uploadCard(mine), storedCard(mine)));
    try {
      const document = id ? null : await openapi();
      if (mine.aborted) return;
      const card = id ? await lookCard(id, asked, mine) : generatorCard(document, asked, mine);
      if (!mine.aborted) replace(main, card);
    } catch (error) {
      if (mine.aborted) return;
      replace(main, notice(error));
      if (error.status === undefined) throw error;
    }
  }

  signal.addEventListener("abort", () => controller?.abort(), { once: true });
  await fill(query);
  return { update: (asked) => void fill(asked) };
}
