// Draws the charts of a report from the figures in the page. Without it the tables say the same.
"use strict";

const toneOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(chart) {
  const isLine = chart.kind === "line";
  const category = {
    type: "category",
    data: chart.labels,
    inverse: !isLine,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: toneOf("--rule") } },
    axisLabel: { color: toneOf("--ink"), width: 110, overflow: isLine ? "none" : "truncate" },
  };
  const value = {
    type: "value",
    minInterval: 1,
    splitNumber: 4,
    splitLine: { lineStyle: { color: toneOf("--rule") } },
    axisLabel: { color: toneOf("--ink-2") },
  };
  const colours = ["--phase-reaching", "--phase-willing", "--phase-done"];
  return {
    animationDuration: 300,
    aria: { enabled: false },
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: toneOf("--ink") },
    legend: { show: chart.series.length > 1, bottom: 0, textStyle: { color: toneOf("--ink") } },
    grid: { left: 4, right: 20, top: 12, bottom: chart.series.length > 1 ? 40 : 4, containLabel: true },
    // Rich text: a tooltip of HTML would need inline styles, which the page's policy forbids.
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: isLine ? "line" : "shadow" } },
    xAxis: isLine ? category : value,
    yAxis: isLine ? value : category,
    series: chart.series.map((series, place) => ({
      name: series.name,
      data: series.data,
      type: isLine && place === chart.series.length - 1 ? "line" : "bar",
      stack: chart.kind === "stack" ? "all" : undefined,
      barMaxWidth: 22,
      showSymbol: false,
      itemStyle: { color: toneOf(series.phase ? `--phase-${series.phase}` : colours[isLine ? place : 2]) },
    })),
  };
}

function draw() {
  if (!window.echarts) return;
  document.querySelectorAll(".chart-figures").forEach((figures) => {
    const place = document.getElementById(`chart-${figures.dataset.of}`);
    if (!place) return;
    const chart = JSON.parse(figures.textContent);
    place.style.height = `${chart.kind === "line" ? 260 : 70 + 30 * chart.labels.length}px`;
    const drawn = echarts.getInstanceByDom(place) || echarts.init(place);
    drawn.setOption(options(chart));
  });
}

window.addEventListener("resize", () => {
  document.querySelectorAll(".report-chart").forEach((place) => window.echarts && echarts.getInstanceByDom(place)?.resize());
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
draw();
