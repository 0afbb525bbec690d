export default {
  "chart.fit": "Fit to the data",
  "chart.group": "group",
  "chart.log_x": "Log x axis",
  "chart.log_y": "Log y axis",
  "chart.rows": "{shown} of {all} rows are shown, evenly chosen.",
  "chart.series": "series",
  "chart.table": "Show as table",
  "chart.table_of": "Table: {title}",
  "chart.tools": "Chart: {title}",
  "chart.unavailable": "The chart library could not be loaded. The table has the same numbers.",
};
