/** The chart library: one script of this server, loaded once, when the first chart is drawn. */

const OWN_STYLE = "plotly.js-style-global"; // an element of this id and class keeps plotly from adding style rules: the CSP

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

function load() {
  if (present()) return Promise.resolve(present());
  const source = document.getElementById("plotly")?.href;
  if (!source) return Promise.reject(new Error("the page names no chart library"));
  const mark = document.createElement("meta");
  mark.id = OWN_STYLE;
  mark.className = "no-inline-styles";
  if (!document.getElementById(OWN_STYLE)) document.head.append(mark);
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
