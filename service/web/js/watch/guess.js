/** The loss of guessing: where a run with small first scores begins. */

import { number, t } from "../i18n.js";

/**
 * Return the expected first data loss and its name, null if it is not known before the server has measured it.
 * @param {Object} run
 * @param {Object|null} diagnostics what the server measured, which wins
 */
export function guessing(run, diagnostics) {
  const told = diagnostics?.first_loss?.expected;
  const value = told ?? plain(run);
  if (value === null) return null;
  return { value, name: t(`watch.guess_${formula(run)}`, { value: number(value) }) };
}

function formula({ model }) {
  return model.kind === "svm" ? "svm" : model.kind === "char_rnn" ? "text" : "classes";
}

function plain({ model, training, data }) {
  if (training.class_weights) return null; // they weigh the loss: the server knows the mean
  const K = data.classes.length;
  return model.kind === "svm" ? (K - 1) * model.margin : Math.log(K);
}
