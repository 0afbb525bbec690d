/** Ten series that differ in hue, in lightness and in shape: for every eye, on white and on black. */

const SYMBOLS = [
  "circle", "square", "diamond", "triangle-up", "x", "star", "hexagon", "triangle-down", "pentagon", "cross",
];
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];

/**
 * Each `{color, symbol, dash}`; `color` is a CSS `var(…)`: it can be used in styles, and a chart resolves it for the theme
 * that is shown.
 */
export const palette = SYMBOLS.map((symbol, i) => ({
  color: `var(--series-${i + 1})`,
  symbol,
  dash: DASHES[i % DASHES.length],
}));

/** The entry of class or series `i`; after ten they come again. */
export function series(i) {
  return palette[i % palette.length];
}
