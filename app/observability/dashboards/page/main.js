// The page: which dashboard, of what, over which time; refreshed while it is looked at.

import { element } from "./elements.js";
import { Panel } from "./panel.js";
import { labelValues } from "./prometheus.js";
import { exactly, question, resolved, spanOf } from "./variables.js";

const ALL = ".*";
const at = (id) => document.getElementById(id);
const controls = { range: at("range"), refresh: at("refresh"), model: at("model"), version: at("version") };
let dashboard = null;
let panels = [];
let seen = new Set();
let timer = null;
let round = 0;

const watched = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const panel = panels.find((one) => one.element === target);
    if (!panel) continue;
    if (!isIntersecting) seen.delete(panel);
    else if (!seen.has(panel)) {
      seen.add(panel);
      panel.refresh(spanNow(), chosen());
    }
  }
}, { rootMargin: "200px" });

const spanNow = () => spanOf(Number(controls.range.value));

function chosen() {
  const { model, version } = controls;
  return Object.fromEntries([model, version].map((one) =>
    [one.id, one.value === ALL || !one.value ? ALL : exactly(one.value)]));
}

async function loaded(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status}`);
  return answer.json();
}

async function open(uid) {
  dashboard = await loaded(`dashboards/${encodeURIComponent(uid)}.json`);
  at("title").textContent = document.title = dashboard.title;
  at("about").textContent = dashboard.description;
  for (const link of at("boards").children) {
    if (link.hash === `#${uid}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  watched.disconnect();
  panels.forEach((panel) => panel.clear());
  [panels, seen] = [[], new Set()];
  at("panels").replaceChildren(...dashboard.panels.map((one) => {
    if (one.type === "row") return element("h2", {}, one.title);
    panels.push(new Panel(one));
    return panels.at(-1).element;
  }));
  panels.forEach((panel) => watched.observe(panel.element));
  await offerValues();
}

async function offerValues() {
  for (const { name, definition } of dashboard.templating.list) {
    const asked = definition && question(definition);
    if (!asked) continue;
    const select = controls[name];
    const values = await labelValues(asked.label, resolved(asked.series, spanNow(), chosen()));
    const before = select.value;
    // One that is no longer served is still in what is shown.
    if (before && before !== ALL && !values.includes(before)) values.push(before);
    select.replaceChildren(element("option", { value: ALL }, "All"),
      ...values.map((value) => element("option", { value }, value)));
    select.value = before || ALL;
  }
}

async function refreshed() {
  clearTimeout(timer);
  const mine = ++round;
  if (!document.hidden) {
    const [span, of] = [spanNow(), chosen()];
    await Promise.all([tried(offerValues), ...[...seen].map((panel) => panel.refresh(span, of))]);
    document.documentElement.dataset.round = mine;
  }
  const wait = Number(controls.refresh.value);
  if (wait && mine === round) timer = setTimeout(refreshed, wait * 1000);
}

async function tried(doing) {
  const trouble = at("trouble");
  try {
    await doing();
    trouble.hidden = true;
  } catch (error) {
    trouble.textContent = error.message;
    trouble.hidden = false;
  }
}

function themed(theme) {
  document.documentElement.dataset.theme = theme;
  at("theme").textContent = theme === "dark" ? "Light" : "Dark";
}

async function start() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  themed(new URLSearchParams(location.search).get("theme") ?? (dark ? "dark" : "light"));
  at("theme").addEventListener("click", () => {
    themed(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    refreshed();
  });
  const all = await loaded("dashboards.json");
  at("boards").replaceChildren(...all.map(({ uid, title }) =>
    element("a", { href: `#${uid}` }, title.replace(/^Windsock: /, ""))));
  const route = () => tried(() => open(all.find(({ uid }) => `#${uid}` === location.hash)?.uid
    ?? all[0].uid)).then(refreshed);
  addEventListener("hashchange", route);
  document.addEventListener("visibilitychange", refreshed);
  addEventListener("resize", refreshed);
  Object.values(controls).forEach((one) => one.addEventListener("change", refreshed));
  await route();
}

tried(start);
