// One number, and gauges.

import { colourOf, element, shape } from "./elements.js";
import { formatted } from "./units.js";

export function stepOf(value, defaults) {
  const steps = defaults.thresholds.steps;
  const found = steps.filter((step) => step.value === null || value >= step.value).at(-1);
  return ["green", "orange", "red"].includes(found?.color) ? found.color : "";
}

function words(value, defaults) {
  for (const mapping of defaults.mappings) {
    const said = mapping.options[String(value)];
    if (said) return { text: said.text, colour: said.color };
  }
  const text = formatted(value, defaults.unit, defaults.decimals);
  return { text, colour: stepOf(value, defaults) };
}

export function lastOf(series) {
  return series.values.findLast((value) => !Number.isNaN(value));
}

export function stat(body, panel, series) {
  const defaults = panel.fieldConfig.defaults;
  const { text, colour } = words(lastOf(series[0]), defaults);
  const spark = element("div", { class: "spark" });
  body.replaceChildren(element("div", { class: `number ${colour}` }, text), spark);
  const values = series[0].values.map((value) => (Number.isFinite(value) ? value : null));
  if (values.length < 2) return null;
  return new uPlot({
    width: Math.max(40, body.clientWidth), height: 40, legend: { show: false },
    cursor: { show: false }, axes: [{ show: false }, { show: false }],
    series: [{}, { stroke: colourOf(colour || "faint"), width: 1, points: { show: false } }],
  }, [series[0].times, values], spark);
}

const LENGTH = Math.PI * 70;
const ARC = "M 30 90 A 70 70 0 0 1 170 90";

export function gauge(body, panel, series) {
  const defaults = panel.fieldConfig.defaults;
  body.replaceChildren(...series.map((one) => {
    const value = lastOf(one);
    const { text, colour } = words(value, defaults);
    const [least, most] = [defaults.min ?? 0, defaults.max ?? 1];
    const share = Math.min(1, Math.max(0, (value - least) / (most - least)));
    const arc = { d: ARC, fill: "none", "stroke-width": 16 };
    return shape("svg", { class: `gauge ${colour}`, viewBox: "0 0 200 110", role: "img",
      "aria-label": `${one.name}: ${text}` },
      shape("path", { ...arc, class: "rail" }),
      shape("path", { ...arc, class: "arc", "stroke-dasharray": `${share * LENGTH} ${LENGTH}` }),
      shape("text", { x: 100, y: 88 }, text),
      shape("title", {}, `${one.name}: ${text}`));
  }));
  return null;
}
