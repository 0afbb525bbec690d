import api from "./ko/api.js";
import chart from "./ko/chart.js";
import compare from "./ko/compare.js";
import data from "./ko/data.js";
import hints from "./ko/hints.js";
import create from "./ko/new.js";
import models from "./ko/models.js";
import problems from "./ko/problems.js";
import runs from "./ko/runs.js";
import shell from "./ko/shell.js";
import use from "./ko/use.js";
import watch from "./ko/watch.js";

export default { ...shell, ...data, ...create, ...watch, ...chart, ...runs, ...compare, ...use, ...models, ...api, ...hints, ...problems };
