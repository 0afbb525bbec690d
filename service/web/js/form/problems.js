/** Where in a form an error belongs. */

/**
 * Find the place of a JSON pointer: the field itself, or the nearest thing around it.
 * @param {Map<string, {say: function(string): void}>} places by pointer without the "#"
 */
export function placeOf(places, pointer) {
  let path = pointer.replace(/^#/, "");
  while (path) {
    if (places.has(path)) return places.get(path);
    path = path.slice(0, path.lastIndexOf("/"));
  }
  return null;
}

/**
 * Make a place: it shows an error under a control and marks the control.
 * @param {HTMLElement} control
 * @param {HTMLElement} error an empty element with an id
 * @param {string[]} always ids that describe the control in any case
 */
export function place(control, error, always) {
  const say = (text) => {
    error.textContent = text;
    error.hidden = !text;
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
    const ids = text ? [...always, error.id] : always;
    if (ids.length) control.setAttribute("aria-describedby", ids.join(" "));
    for (let box = control.closest("details"); text && box; box = box.parentElement.closest("details")) box.open = true;
  };
  say("");
  return { say };
}
