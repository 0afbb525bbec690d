/** An error, as a box above or in a view. */

import { h } from "../dom.js";
import { known, t } from "../i18n.js";

/**
 * Show an error to the user.
 * @param {Error} error a Problem, or anything else
 */
export function notice(error) {
  const here = error.status === 0;
  const title = here ? t("shell.unreachable") : known(`problem.${error.code}`) ?? (error.title || t("shell.failed"));
  return h(
    "div",
    { class: "notice notice-bad", role: "alert" },
    h("strong", {}, title),
    here ? h("span", {}, t("shell.unreachable_text")) : h("span", { lang: "en" }, error.message),
    error.requestId ? h("code", { class: "muted small" }, error.requestId) : null,
  );
}
