// What the console adds to the pages: the chart, the state of the live line, menus that close. Pages work without it.
"use strict";

const tone = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const PHASES = ["waiting", "reaching", "willing", "queued", "done", "closed"];

// Rich text instead of HTML: a tooltip of HTML would need inline styles, which the page's policy forbids.
function chartOptions(figures, width) {
  const isNarrow = width < 520;
  const ink = tone("--ink");
  return {
    animationDuration: 300,
    aria: { enabled: false },
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink },
    grid: { left: 4, right: 16, top: 4, bottom: 4, containLabel: true },
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" } },
    xAxis: {
      type: "value",
      minInterval: 1,
      splitNumber: 4,
      splitLine: { lineStyle: { color: tone("--rule") } },
      axisLabel: { color: tone("--ink-2") },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: figures.policies,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: tone("--rule") } },
      axisLabel: { color: ink, fontSize: 13, lineHeight: 18, width: isNarrow ? 96 : 150, overflow: isNarrow ? "truncate" : "break" },
    },
    series: figures.series.map((phase, place) => ({
      ...phase,
      type: "bar",
      stack: "all",
      barMaxWidth: 26,
      itemStyle: { color: tone(`--phase-${PHASES[place]}`), borderColor: tone("--sheet"), borderWidth: 1 },
    })),
  };
}

function drawFunnel() {
  const place = document.getElementById("funnel-chart");
  const figures = document.getElementById("funnel-figures");
  if (!place || !figures || !window.echarts) return;
  const chart = echarts.getInstanceByDom(place) || echarts.init(place);
  chart.setOption(chartOptions(JSON.parse(figures.textContent), place.clientWidth));
}

function showLive(isOn) {
  const mark = document.getElementById("live-state");
  if (!mark) return;
  mark.classList.toggle("is-on", isOn);
  mark.textContent = isOn ? mark.dataset.on : mark.dataset.off;
}

// A part that is replaced while somebody has a list in it open comes back open.
const open = new Set();
document.addEventListener("htmx:beforeSwap", (event) => {
  open.clear();
  event.target.querySelectorAll?.("details[id][open]").forEach((part) => open.add(part.id));
});
document.addEventListener("htmx:afterSwap", () => {
  open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  drawFunnel();
});
// An address says only what was chosen: it is sent to colleagues.
document.addEventListener("htmx:configRequest", (event) => {
  const chosen = event.detail.parameters;
  for (const [name, value] of [...Object.entries(chosen)]) if (value === "") delete chosen[name];
});
document.addEventListener("htmx:sseOpen", () => showLive(true));
document.addEventListener("htmx:sseError", () => showLive(false));
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.account[open], details.popover[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll("details.account[open], details.popover[open]").forEach((menu) => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
});
window.addEventListener("resize", () => {
  const place = document.getElementById("funnel-chart");
  if (!place || !window.echarts) return;
  echarts.getInstanceByDom(place)?.resize();
  drawFunnel();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawFunnel);
drawFunnel();

// Promises run while the page stands: every half minute what is left of them is said anew, by the house's clock.
const page = document.documentElement.dataset;
const [LEFT, LATE, DAYS, HOURS, MINUTES] = (page.clock || "").split("|");
const ahead = page.now ? Date.parse(page.now) - Date.now() : 0;

function span(seconds) {
  const minutes = Math.max(1, Math.floor(Math.abs(seconds) / 60));
  const parts = [[Math.floor(minutes / 1440), DAYS], [Math.floor(minutes / 60) % 24, HOURS], [minutes % 60, MINUTES]];
  const first = parts.findIndex(([amount]) => amount);
  return parts.slice(first, first + 2).filter(([amount]) => amount).map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}

function tick() {
  document.querySelectorAll(".clock[data-due]").forEach((clock) => {
    const left = (Date.parse(clock.dataset.due) - Date.now() - ahead) / 1000;
    const said = clock.querySelector(".left");
    if (!said) return;
    const isEnglish = document.documentElement.lang === "en";
    said.textContent = left < 0 ? `${LATE} ${span(left)}` : isEnglish ? `${span(left)} ${LEFT}` : `${LEFT} ${span(left)}`;
    clock.classList.toggle("late", left < 0);
    clock.classList.toggle("soon", left >= 0 && left < 7200);
  });
}
setInterval(tick, 30_000);

// What was shown in full is masked again when its time is over, on a page that was come back to as well.
for (const shown of document.querySelectorAll(".revealed[data-seconds]")) {
  const until = Date.now() + Number(shown.dataset.seconds) * 1000;
  const mask = () => { if (Date.now() >= until) shown.textContent = shown.dataset.masked; };
  setInterval(mask, 1000);
  addEventListener("pageshow", (event) => { if (event.persisted) shown.textContent = shown.dataset.masked; });
}

// A fault leads to its line in the text.
document.addEventListener("click", (event) => {
  const line = Number(event.target.closest("a[data-line]")?.dataset.line);
  const text = document.getElementById("text");
  if (!line || !text) return;
  event.preventDefault();
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((length, one) => length + one.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1] || "").length);
  text.scrollTop = (text.scrollHeight / lines.length) * Math.max(0, line - 4);
});
