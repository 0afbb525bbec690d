/** How the curves are looked at: all of it is in the address. */

import { setQuery } from "../router.js";

const REST_MS = 200;
const AXES = new Set(["linear", "log"]);

export class Settings extends EventTarget {
  constructor(query, signal) {
    super();
    this.timer = 0;
    signal.addEventListener("abort", () => clearTimeout(this.timer));
    this.read(query);
  }

  /** Take what an address says; what makes no sense in it is as if it were not there. */
  read(query) {
    const smooth = Number(query.get("smooth"));
    this.smooth = smooth > 0 && smooth <= 0.999 ? smooth : 0;
    this.x = AXES.has(query.get("x")) ? query.get("x") : "linear";
    this.y = AXES.has(query.get("y")) ? query.get("y") : "linear";
    const step = query.get("step");
    this.step = /^\d{1,10}$/.test(step ?? "") ? Number(step) : null;
    this.dispatchEvent(new Event("change"));
  }

  /** Change some of it; in the address too, as soon as a slider rests: browsers count how often it changes. */
  change(changes) {
    Object.assign(this, changes);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(), REST_MS);
    this.dispatchEvent(new Event("change"));
  }

  write() {
    const { smooth, x, y, step } = this;
    setQuery({ smooth: smooth || null, x: x === "log" ? x : null, y: y === "log" ? y : null, step });
  }
}
