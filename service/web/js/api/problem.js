/** An error as the server tells it (RFC 9457). */

export class Problem extends Error {
  /**
   * @param {Object} document the problem document; `errors` is a list of {pointer: "#/training/steps", detail, allowed?}
   */
  constructor(document) {
    super(document.detail ?? document.title ?? `HTTP ${document.status}`);
    this.name = "Problem";
    this.status = document.status;
    this.title = document.title ?? "";
    this.detail = document.detail ?? "";
    this.code = document.code ?? "";
    this.errors = document.errors ?? [];
    this.allowed = document.allowed ?? [];
    this.row = document.row ?? null;
    this.column = document.column ?? null;
    this.requestId = document.request_id ?? null;
  }
}

/** Make the error of an answer, also of one that is no problem document, as a proxy may send it. */
export async function problemOf(response) {
  const text = await response.text();
  try {
    return new Problem({ status: response.status, ...JSON.parse(text) });
  } catch {
    return new Problem({ status: response.status, title: response.statusText, detail: text.slice(0, 300) });
  }
}
