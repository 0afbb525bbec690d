import api from "./en/api.js";
import chart from "./en/chart.js";
import compare from "./en/compare.js";
import data from "./en/data.js";
import hints from "./en/hints.js";
import create from "./en/new.js";
import models from "./en/models.js";
import problems from "./en/problems.js";
import runs from "./en/runs.js";
import shell from "./en/shell.js";
import use from "./en/use.js";
import watch from "./en/watch.js";

export default { ...shell, ...data, ...create, ...watch, ...chart, ...runs, ...compare, ...use, ...models, ...api, ...hints, ...problems };
