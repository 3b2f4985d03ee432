// Courses over time, with uPlot: stacked or not, on a linear or a logarithmic axis.

import { colourOf, element } from "./elements.js";
import { lastOf } from "./numbers.js";
import { formatted } from "./units.js";

const COLOURS = ["#3f8f4f", "#c9880b", "#3a78c9", "#c4472b", "#8a56c2", "#17889c", "#b0417f",
  "#7a7f2a", "#5566cc", "#a0622d"];
const LEGEND = 96;
const LETTER = 7;

// `hidden` are the names of series that are left out, `redraw` is called when that changes.
export function timeseries(body, panel, series, { span, hidden, redraw }) {
  const defaults = panel.fieldConfig.defaults;
  const custom = defaults.custom;
  const shown = series.map((one) => !hidden.has(one.name));
  const times = timesOf(series);
  const log = custom.scaleDistribution.type === "log" && series.some(
    ({ values }) => values.some((value) => value > 0));
  const own = series.map((one) => aligned(one, times, log));
  const stacked = custom.stacking.mode === "normal";
  const drawn = stacked ? summed(own, shown) : own;
  const text = (value) => formatted(value, defaults.unit, defaults.decimals);
  const legend = new Legend(series, own, text, { hidden, redraw });
  const spoken = series.map((one) => `${one.name} ${text(lastOf(one))}`).join(", ");
  const place = element("div", { role: "img", "aria-label": `${panel.title}: ${spoken}` });
  body.replaceChildren(place, legend.table);
  const height = Math.max(80, body.clientHeight - Math.min(LEGEND, legend.table.clientHeight) - 6);
  const axis = { stroke: colourOf("faint"), grid: { stroke: colourOf("grid"), width: 1 },
    ticks: { stroke: colourOf("grid"), width: 1 } };
  return new uPlot({
    width: Math.max(80, body.clientWidth), height,
    legend: { show: false },
    cursor: { sync: { key: "windsock" }, drag: { setScale: false }, focus: { prox: 24 } },
    scales: {
      x: { time: true, range: [span.start, span.end] },
      y: log ? { distr: 3, log: 10 } : { range: bounds(defaults) },
    },
    axes: [{ ...axis, size: 32 },
      { ...axis, size: (_, labels) => 20 + LETTER * longest(labels ?? []),
        values: (_, splits) => splits.map((at) => (at === null ? "" : text(at))) }],
    series: [{}, ...series.map((one, index) => ({
      label: one.name, show: shown[index], stroke: COLOURS[index % COLOURS.length],
      width: custom.lineWidth, points: { show: times.length < 3, size: 4 },
      fill: stacked ? undefined : tinted(index, custom.fillOpacity / 2),
    }))],
    bands: stacked ? bandsOf(shown, custom.fillOpacity) : [],
    hooks: {
      setCursor: [(one) => legend.at(one.cursor.idx)],
      draw: [(one) => limits(one, defaults)],
    },
  }, [times, ...drawn], place);
}

function longest(labels) {
  return Math.max(3, ...labels.map((one) => one.length));
}

function timesOf(series) {
  return [...new Set(series.flatMap(({ times }) => times))].sort((a, b) => a - b);
}

function aligned({ times, values }, all, log) {
  const at = new Map(times.map((time, index) => [time, values[index]]));
  return all.map((time) => {
    const value = at.get(time);
    return Number.isFinite(value) && !(log && value <= 0) ? value : null;
  });
}

function summed(own, shown) {
  const total = own[0].map(() => 0);
  return own.map((values, index) => values.map((value, place) => {
    if (shown[index]) total[place] += value ?? 0;
    return total[place];
  }));
}

function bandsOf(shown, opacity) {
  const places = shown.flatMap((on, index) => (on ? [index] : []));
  return places.map((index, nth) => ({
    series: [index + 1, nth ? places[nth - 1] + 1 : 0],
    fill: tinted(index, opacity),
  })).filter(({ series }) => series[1] > 0);
}

function tinted(index, percent) {
  const hundredths = Math.round(percent * 2.55).toString(16).padStart(2, "0");
  return `${COLOURS[index % COLOURS.length]}${hundredths}`;
}

function bounds({ min, max }) {
  return (_, low, high) => {
    if (low === null) return [min ?? 0, max ?? 1];
    const [from, to] = uPlot.rangeNum(Math.min(low, 0), high || 1, 0.1, true);
    return [min ?? from, Math.max(max ?? to, high)];
  };
}

function limits(chart, { thresholds, custom }) {
  if (custom.thresholdsStyle.mode === "off") return;
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.setLineDash([6, 4]);
  for (const { value, color } of thresholds.steps) {
    if (value === null || value < chart.scales.y.min || value > chart.scales.y.max) continue;
    const y = chart.valToPos(value, "y", true);
    ctx.strokeStyle = colourOf(color);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

// Names with the last values, or those under the cursor; a click or a key leaves a series out.
class Legend {
  constructor(series, own, text, { hidden, redraw }) {
    this.own = own;
    this.text = text;
    this.last = series.map(lastOf);
    this.values = series.map(() => element("td", { class: "value" }));
    const rows = series.map((one, index) => {
      const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.background = COLOURS[index % COLOURS.length];
      const button = element("button", { type: "button", "aria-pressed": !hidden.has(one.name) },
        swatch, one.name);
      button.addEventListener("click", () => {
        if (!hidden.delete(one.name)) hidden.add(one.name);
        redraw();
      });
      return element("tr", {}, element("td", {}, button), this.values[index]);
    });
    this.table = element("div", { class: "legend" },
      element("table", {}, element("tbody", {}, ...rows)));
    this.at(null);
  }

  at(place) {
    this.values.forEach((cell, index) => {
      cell.textContent = this.text(place === null || place === undefined
        ? this.last[index] : this.own[index][place]);
    });
  }
}
