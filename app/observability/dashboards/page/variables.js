// What Grafana puts in the place of $names.

const EACH_S = 10; // timeInterval of the data source: figures are new so often
const LABEL_VALUES = /^label_values\((.*),\s*(\w+)\)$/s;

export function spanOf(seconds) {
  const end = Math.floor(Date.now() / 1000);
  const step = Math.max(5, Math.ceil(seconds / 300));
  return { start: end - seconds, end, step, seconds };
}

export function resolved(expr, span, chosen) {
  const rate = Math.max(span.step + EACH_S, 4 * EACH_S);
  const values = { __rate_interval: `${rate}s`, __range: `${span.seconds}s`, ...chosen };
  return expr.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced, plain) =>
    values[braced ?? plain] ?? whole);
}

// As a regular expression in a string of PromQL.
export function exactly(value) {
  return value.replace(/[\\^$.*+?()[\]{}|]/g, "\\\\$&").replace(/"/g, '\\"');
}

export function question(definition) {
  const found = LABEL_VALUES.exec(definition);
  return found && { series: found[1], label: found[2] };
}

export function named(legend, labels) {
  if (legend && legend !== "__auto") {
    return legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? "");
  }
  const told = Object.entries(labels).filter(([name]) => name !== "__name__");
  return told.map(([name, value]) => `${name}=${value}`).join(" ") || "value";
}
