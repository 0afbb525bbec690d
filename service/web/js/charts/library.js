/** The chart library: one script of this server, loaded once, when the first chart is drawn. */

// Elements of these ids keep plotly from adding styles to the page, which its policy forbids: watch.css has those that we need.
// The second is that of its maps, as plotly 7.1.0 calls it.
const STYLES = ["plotly.js-style-global", "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53"];

let loading = null;

/** Resolve to the library; reject if it cannot be loaded: charts then show their tables. */
export function library() {
  loading ??= load().catch((error) => {
    loading = null; // another chart may try again
    throw error;
  });
  return loading;
}

/** The library if it has come, else null. */
export function present() {
  return globalThis.Plotly ?? null;
}

async function load() {
  if (present()) return present();
  await painted();
  const source = document.getElementById("plotly")?.href;
  if (!source) throw new Error("the page names no chart library");
  for (const id of STYLES) {
    if (document.getElementById(id)) continue;
    document.head.append(Object.assign(document.createElement("meta"), { id, className: "no-inline-styles" }));
  }
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.async = true;
    script.onload = () => (present() ? resolve(present()) : reject(new Error("not a chart library")));
    script.onerror = () => {
      script.remove();
      reject(new Error(`${source} could not be loaded`));
    };
    document.head.append(script);
  });
}

/** What is to be read is seen first: the library then holds the page up for 0.4 s. */
function painted() {
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}
