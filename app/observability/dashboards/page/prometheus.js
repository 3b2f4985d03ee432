// Prometheus' HTTP API, through this page's own server.

async function asked(path, parameters) {
  const answer = await fetch(`api/v1/${path}?${new URLSearchParams(parameters)}`);
  const told = await answer.json().catch(() => null);
  if (told?.status !== "success") throw new Error(told?.error ?? `${path}: HTTP ${answer.status}`);
  return told.data;
}

// The course of each series: [{labels, times, values}].
export async function course(expr, span) {
  const found = await asked("query_range",
    { query: expr, start: span.start, end: span.end, step: span.step });
  return found.result.map(({ metric, values }) => ({
    labels: metric,
    times: values.map(([time]) => time),
    values: values.map(([, value]) => Number(value)),
  }));
}

// Each series now: [{labels, value}].
export async function now(expr, span) {
  const found = await asked("query", { query: expr, time: span.end });
  const series = found.resultType === "scalar"
    ? [{ metric: {}, value: found.result }] : found.result;
  return series.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

export async function labelValues(label, series) {
  return asked(`label/${encodeURIComponent(label)}/values`, { "match[]": series });
}
