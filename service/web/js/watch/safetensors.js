/** Reads the safetensors format: 8 bytes with the length of a JSON header, the header, raw arrays. */

const TYPES = { F32: Float32Array, F64: Float64Array };

/**
 * Read one array out of a file.
 * @param {ArrayBuffer} buffer
 * @param {string} name
 * @returns {{shape: number[], data: Float32Array|Float64Array}|null} null if there is none of this name, or of another type
 */
export function tensor(buffer, name) {
  if (buffer.byteLength < 8) return null;
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  if (8 + length > buffer.byteLength) return null;
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const entry = header[name];
  const Type = TYPES[entry?.dtype];
  if (!Type) return null;
  const [from, to] = entry.data_offsets.map((offset) => 8 + length + offset);
  return { shape: entry.shape, data: new Type(buffer.slice(from, to)) };
}
