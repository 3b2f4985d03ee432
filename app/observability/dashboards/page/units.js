// Values as people read them, by the names that Grafana has for units.

const TIMES = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"]];
const THOUSANDS = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
const BYTES = [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]];
const RATES = { reqps: "req/s", rowsps: "rows/s", cps: "/s", ops: "ops/s" };

export function formatted(value, unit, decimals) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  if (unit === "s") return value === 0 ? "0 s" : scaled(value, TIMES, "µs", 1e-6, decimals);
  if (unit === "percentunit") return `${digits(value * 100, decimals)} %`;
  if (unit === "bytes") return scaled(value, BYTES, "B", 1, decimals);
  if (unit === "Bps") return `${scaled(value, BYTES, "B", 1, decimals)}/s`;
  if (unit === "dateTimeAsIso") return new Date(value).toISOString().slice(0, 19).replace("T", " ");
  const shown = scaled(value, THOUSANDS, "", 1, decimals);
  return unit in RATES ? `${shown} ${RATES[unit]}` : shown;
}

function scaled(value, steps, least, divisor, decimals) {
  const step = steps.find(([size]) => Math.abs(value) >= size) ?? [divisor, least];
  const [size, name] = step;
  return `${digits(value / size, size === 1 || !decimals ? decimals : undefined)} ${name}`.trim();
}

function digits(value, decimals) {
  if (decimals !== undefined) return value.toFixed(decimals);
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-3) return value.toExponential(1);
  return String(Number(value.toPrecision(size >= 1000 ? 4 : 3)));
}
