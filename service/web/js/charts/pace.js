/**
 * When charts are drawn: one in a frame, so that the page answers in between; those that cannot be seen as soon as nothing was
 * asked for a moment. Six charts of 100,000 points held up a frame for 0.3 s.
 */

const REST_MS = 250;
const NEAR = "200px";

const queue = new Set();
let frame = 0;

function next() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    const [pace] = queue;
    queue.delete(pace);
    if (queue.size) next();
    pace?.work();
  });
}

export class Pace {
  timer = 0;
  seen = true; // until it is known

  /**
   * @param {HTMLElement} element
   * @param {function(): void} work draws it
   */
  constructor(element, work) {
    this.work = work;
    this.sight = new IntersectionObserver((found) => this.look(found.at(-1).isIntersecting), { rootMargin: NEAR });
    this.sight.observe(element);
  }

  /** Draw, once however often it is asked for until then. */
  ask() {
    clearTimeout(this.timer);
    this.timer = this.seen ? 0 : setTimeout(() => this.enter(), REST_MS);
    if (this.seen) this.enter();
  }

  enter() {
    this.timer = 0;
    queue.add(this);
    next();
  }

  look(seen) {
    this.seen = seen;
    if (seen && this.timer) this.ask();
  }

  end() {
    clearTimeout(this.timer);
    queue.delete(this);
    this.sight.disconnect();
  }
}
