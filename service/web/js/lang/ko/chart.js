export default {
  "chart.fit": "데이터에 맞추기",
  "chart.group": "그룹",
  "chart.log_x": "x축 로그",
  "chart.log_y": "y축 로그",
  "chart.rows": "{all}개 행 가운데 {shown}개를 고르게 골라 표시합니다.",
  "chart.series": "계열",
  "chart.table": "표로 보기",
  "chart.table_of": "표: {title}",
  "chart.tools": "차트: {title}",
  "chart.unavailable": "차트 라이브러리를 불러올 수 없습니다. 표에 같은 숫자가 있습니다.",
};
