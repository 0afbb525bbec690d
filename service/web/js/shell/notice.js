/** An error, as a box above or in a view. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

/**
 * Show an error to the user.
 * @param {Error} error a Problem, or anything else
 */
export function notice(error) {
  const title = error.status === 0 ? t("shell.unreachable") : error.title || t("shell.failed");
  return h(
    "div",
    { class: "notice notice-bad", role: "alert" },
    h("strong", {}, title),
    h("span", {}, error.status === 0 ? t("shell.unreachable_text") : error.message),
    error.requestId ? h("code", { class: "muted small" }, error.requestId) : null,
  );
}
