/** The lines of a file around a mistake. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

const AROUND = 2;
const LARGEST = 20_000_000; // bytes of a file that is read for this
const LONGEST = 200; // characters of a line

/**
 * Show the lines of a text file around a row, which is marked.
 * @param {File} file
 * @param {number} row counted from 1, as an editor does
 * @param {string|null} column
 * @returns {Promise<HTMLElement|null>} null of a file that is not made of lines
 */
export async function excerpt(file, row, column) {
  if (file.size > LARGEST || /\.(npz|parquet)$/i.test(file.name)) return null;
  const lines = (await file.text()).replace(/[\r\n]+$/, "").split(/\r\n|\n|\r/);
  const first = Math.max(1, row - AROUND);
  const rows = lines.slice(first - 1, row + AROUND).map((line, i) => {
    const here = first + i === row;
    const mark = here ? { class: "marked", "aria-current": "true" } : {};
    return h("tr", mark, h("th", { scope: "row" }, first + i), h("td", {}, h("code", {}, line.slice(0, LONGEST))));
  });
  const caption = column ? t("data.excerpt_column", { row, column }) : t("data.excerpt", { row });
  return h("table", { class: "table excerpt" }, h("caption", {}, caption), h("tbody", {}, rows));
}
