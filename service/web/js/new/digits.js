/** Digits drawn by the browser: pictures of 8 × 8 grey levels, which a net can learn to read. */

const SIDE = 8;
const FINE = 4; // each pixel is the mean of so many drawn ones along each side
const EACH = 60;
const FONTS = ["sans-serif", "serif", "monospace"];
const WEIGHTS = ["400", "700"];
const SEED = 20;

/** Return a table as CSV: `pixel_0` … `pixel_63` of 0 … 16, and `digit`. The same browser draws the same. */
export function drawnDigits() {
  const random = generator(SEED);
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE * FINE, height: SIDE * FINE });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const header = [...Array(SIDE * SIDE).keys()].map((i) => `pixel_${i}`);
  const lines = [[...header, "digit"]];
  for (let digit = 0; digit < 10; digit += 1) {
    for (let i = 0; i < EACH; i += 1) lines.push([...drawn(pen, digit, random), digit]);
  }
  return `${lines.map((line) => line.join(",")).join("\n")}\n`;
}

function drawn(pen, digit, random) {
  const width = SIDE * FINE;
  const between = (low, high) => low + (high - low) * random();
  const one = (some) => some[Math.floor(random() * some.length)];
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, width, width);
  pen.translate(width / 2 + between(-2, 2), width / 2 + between(-2, 2));
  pen.rotate(between(-0.2, 0.2));
  pen.scale(between(0.9, 1.25), between(0.9, 1.1));
  pen.font = `${one(WEIGHTS)} ${width}px ${one(FONTS)}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = "#fff";
  pen.fillText(String(digit), 0, FINE / 2);
  return means(pen.getImageData(0, 0, width, width).data);
}

/** Reduce the drawing to SIDE × SIDE levels of 0 … 16. */
function means(data) {
  const sums = new Array(SIDE * SIDE).fill(0);
  const width = SIDE * FINE;
  for (let i = 0; i < width * width; i += 1) {
    const row = Math.floor(i / width / FINE);
    const column = Math.floor((i % width) / FINE);
    sums[row * SIDE + column] += data[4 * i];
  }
  return sums.map((sum) => Math.round((16 * sum) / (255 * FINE * FINE)));
}

/** Numbers of 0 … 1 that are the same each time (mulberry32). */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
