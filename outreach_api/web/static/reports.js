// Draws the charts of a report from the figures in the page. Without it the tables say the same.
"use strict";

const toneOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// A forecast's bounds and its middle are one tone, the fact another.
function tones(chart, place) {
  if (chart.kind === "lines") return place === chart.series.length - 1 ? "--phase-done" : "--phase-queued";
  return ["--phase-reaching", "--phase-willing", "--phase-done"][chart.kind === "line" ? place : 2];
}

function options(chart) {
  const isLine = chart.kind !== "stack" && chart.kind !== "bar";
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
      type: chart.kind === "lines" || (isLine && place === chart.series.length - 1) ? "line" : "bar",
      stack: chart.kind === "stack" ? "all" : undefined,
      barMaxWidth: 22,
      showSymbol: false,
      lineStyle: { type: series.bound ? "dotted" : "solid", width: series.bound ? 1.5 : 2.5 },
      itemStyle: { color: toneOf(series.phase ? `--phase-${series.phase}` : tones(chart, place)) },
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
