/** Rows of features out of pasted text. */

const MOST_PROBLEMS = 5;

/**
 * Read rows: comma, semicolon or tab between numbers. A first line that has words names the columns, in any order; columns that
 * the model does not know are left aside.
 * @param {string} text
 * @param {string[]} features
 * @returns {{rows: number[][], lines: number[], problems: {row: number, column: string|number, kind: string, got?: string}[]}}
 *   `lines`: the line that each row stands on
 */
export function readRows(text, features) {
  const lines = text.split(/\r\n|\n|\r/).map((line, i) => ({ line, at: i + 1 })).filter(({ line }) => line.trim());
  if (!lines.length) return { rows: [], lines: [], problems: [] };
  const mark = ["\t", ";", ","].find((one) => lines[0].line.includes(one)) ?? ",";
  const cells = lines.map(({ line, at }) => ({ at, cells: line.split(mark).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")) }));
  const named = cells[0].cells.some((cell) => cell !== "" && !Number.isFinite(Number(cell)));
  if (!named) return collect(cells, features.map((_, i) => i), features);
  const places = features.map((name) => cells[0].cells.indexOf(name));
  const missing = features.filter((_, i) => places[i] < 0);
  if (missing.length) {
    const problems = missing.slice(0, MOST_PROBLEMS).map((column) => ({ row: cells[0].at, column, kind: "missing" }));
    return { rows: [], lines: [], problems };
  }
  return collect(cells.slice(1), places, features, cells[0].cells.length);
}

function collect(lines, places, features, width = features.length) {
  const problems = [];
  const rows = lines.map(({ at, cells }) => {
    if (cells.length !== width) problems.push({ row: at, column: "", kind: "width", got: String(cells.length), wanted: width });
    return places.map((place, i) => {
      const cell = cells[place] ?? "";
      const value = cell === "" ? NaN : Number(cell);
      if (!Number.isFinite(value) && cells.length === width) problems.push({ row: at, column: features[i], kind: "number", got: cell });
      return value;
    });
  });
  return { rows, lines: lines.map(({ at }) => at), problems: problems.slice(0, MOST_PROBLEMS) };
}
