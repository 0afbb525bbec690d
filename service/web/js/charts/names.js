/** Names as charts have room for them. */

/** Return a name, its end cut off if it is longer than `most` characters. */
export function shortened(name, most) {
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}
