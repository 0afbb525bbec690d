/** The figures of the course, each as a request that is one click away. */

import { post, request } from "../api.js";
import { drawnDigits } from "./digits.js";
import { apiText } from "./text.js";

const SPIRAL = { kind: "spiral" }; // its defaults are the course's, point for point

/**
 * What can be trained at once. `name` is that of the texts `new.preset_…`; `run` is the request, or makes it: of data that the
 * server does not have yet, which is then kept there, once.
 */
export const PRESETS = [
  { name: "softmax", run: { name: "softmax", dataset: SPIRAL, model: { kind: "softmax" }, training: { steps: 200 } } },
  { name: "svm", run: { name: "SVM", dataset: SPIRAL, model: { kind: "svm" }, training: { steps: 200 } } },
  { name: "net", run: { name: "two-layer net", dataset: SPIRAL, model: { kind: "mlp" }, training: { steps: 10000 } } },
  { name: "digits", make: digits },
  { name: "rnn", make: reader },
];

async function digits() {
  const form = new FormData();
  form.append("file", new File([drawnDigits()], "drawn digits.csv", { type: "text/csv" }));
  form.append("label", "digit");
  const { id } = await request("POST", "/v1/datasets/upload", { body: form });
  return {
    name: "digits",
    dataset: { kind: "stored", id },
    model: { kind: "mlp", hidden_sizes: [36] },
    optimizer: { kind: "sgd", learning_rate: 0.1 }, // at 0.5 nearly all units die
    training: { steps: 1000, validation_fraction: 0.2, stratify: true },
  };
}

async function reader() {
  const { id } = await post("/v1/datasets", { name: "API description", parameters: { kind: "text", text: await apiText() } });
  return {
    name: "character RNN",
    dataset: { kind: "stored", id },
    model: { kind: "char_rnn", hidden_size: 128, init: "xavier" },
    optimizer: { kind: "adam", learning_rate: 0.008, clip: 1, schedule: { kind: "cosine", final: 0.05 } },
    training: { steps: 4000, batch_size: 8, validation_fraction: 0.05 },
  };
}
