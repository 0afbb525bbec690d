/** From the address of the view to the request for a page of runs. */

import { MEASURES, rises } from "./format.js";

export const PAGE = 50;
export const MOST_SELECTED = 10;

/** What a column is ordered by, and whether its larger values come first; `M` stands for the chosen series. */
export const ORDERS = {
  status: ["status", false],
  name: ["run_name", false],
  model: ["model.kind", false],
  dataset: ["dataset.kind", false],
  last: ["metrics.M", null],
  best: ["metrics.M.best", null],
  best_step: ["metrics.M.best_step", false],
  created: ["created_at", true],
};

/**
 * Read the state of the view.
 * @param {URLSearchParams} query
 * @returns {{search: string, status: string, model: string, filter: string, measure: string, sort: string, down: boolean,
 *   after: string, selected: string[]}}
 */
export function stateOf(query) {
  const measure = MEASURES.includes(query.get("m")) ? query.get("m") : MEASURES[0];
  const [sort, direction] = (query.get("sort") ?? "created").split(".");
  const known = sort in ORDERS ? sort : "created";
  return {
    search: query.get("q") ?? "",
    status: query.get("status") ?? "",
    model: query.get("model") ?? "",
    filter: query.get("filter") ?? "",
    measure,
    sort: known,
    down: direction ? direction === "desc" : largestFirst(known, measure),
    after: query.get("after") ?? "",
    selected: (query.get("sel") ?? "").split(",").filter(Boolean).slice(0, MOST_SELECTED),
  };
}

/** Whether a column begins with its largest values when it is chosen: of what is measured, with the best. */
export function largestFirst(column, measure) {
  return ORDERS[column][1] ?? rises(measure);
}

/**
 * Make the query of GET /v1/runs.
 * @param {ReturnType<typeof stateOf>} state
 */
export function listQuery(state) {
  const given = { status: state.status, model: state.model, filter: filterOf(state), after: state.after };
  const query = { limit: PAGE, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value)) };
  if (state.sort === "created") return state.down ? query : { ...query, order: "asc" };
  const field = ORDERS[state.sort][0].replace("M", state.measure);
  return { ...query, order_by: `${field} ${state.down ? "DESC" : "ASC"}` };
}

/** The user's own conditions come first: places in them are those that errors tell. */
function filterOf({ filter, search }) {
  const word = search.trim();
  const quoted = `'%${word.replaceAll("'", "''")}%'`;
  const found = word ? `${word.startsWith("run_") ? "run_id LIKE" : "run_name ILIKE"} ${quoted}` : "";
  return [filter.trim(), found].filter(Boolean).join(" and ");
}

/** Whether anything narrows the list. */
export function narrowed({ search, status, model, filter }) {
  return Boolean(search || status || model || filter);
}
