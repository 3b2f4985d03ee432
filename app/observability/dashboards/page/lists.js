// Bars and tables: each series now.

import { element } from "./elements.js";
import { stepOf } from "./numbers.js";
import { formatted } from "./units.js";

export function bars(body, panel, series) {
  const defaults = panel.fieldConfig.defaults;
  const known = series.map(({ value }) => value).filter(Number.isFinite);
  const least = defaults.min ?? Math.min(0, ...known);
  const most = Math.max(defaults.max ?? -Infinity, ...known);
  body.replaceChildren(...series.map(({ name, value }) => {
    const fill = element("div", { class: "fill" });
    const share = most > least ? (value - least) / (most - least) : 0;
    fill.style.width = `${100 * Math.min(1, Math.max(0, share || 0))}%`;
    return element("div", { class: `bar ${stepOf(value, defaults)}` }, element("span", {}, name),
      element("div", { class: "track" }, fill),
      element("span", { class: "value" }, formatted(value, defaults.unit, defaults.decimals)));
  }));
  return null;
}

// `columns` are the queries' answers, joined by the labels of their series as Grafana's merge does.
export function table(body, panel, columns) {
  const { unit, decimals } = panel.fieldConfig.defaults;
  const rename = panel.transformations.find(({ id }) => id === "organize").options;
  const rows = new Map();
  columns.forEach((answers, column) => answers.forEach(({ labels, value }) => {
    const told = Object.entries(labels).filter(([name]) => !rename.excludeByName[name]).sort();
    const key = JSON.stringify(told);
    if (!rows.has(key)) rows.set(key, { labels: Object.fromEntries(told), values: [] });
    rows.get(key).values[column] = value;
  }));
  const found = [...rows.values()];
  const names = [...new Set(found.flatMap(({ labels }) => Object.keys(labels)))];
  const heads = panel.targets.map(({ refId }) =>
    rename.renameByName[`Value #${refId}`] ?? rename.renameByName.Value);
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)),
    ...heads.map((name) => element("th", { scope: "col", class: "value" }, name)));
  const lines = found.map(({ labels, values }) => element("tr", {},
    ...names.map((name) => element("td", {}, labels[name] ?? "")),
    ...heads.map((_, place) =>
      element("td", { class: "value" }, formatted(values[place], unit, decimals)))));
  body.replaceChildren(element("table", {}, element("thead", {}, head),
    element("tbody", {}, ...lines)));
  return null;
}
