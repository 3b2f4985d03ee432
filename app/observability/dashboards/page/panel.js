// One panel: asks for what it shows, and draws it, that there is nothing, or why not.

import { element } from "./elements.js";
import { bars, table } from "./lists.js";
import { gauge, stat } from "./numbers.js";
import { course, now } from "./prometheus.js";
import { timeseries } from "./timeseries.js";
import { named, resolved } from "./variables.js";

const DRAWS = { timeseries, stat, gauge, bargauge: bars, table };
const UNIT_HEIGHT = 38;

export class Panel {
  constructor(panel) {
    this.panel = panel;
    this.hidden = new Set();
    this.chart = null;
    this.body = element("div", { class: "body" });
    this.element = this.framed();
  }

  framed() {
    const { id, title, description, gridPos } = this.panel;
    const told = element("p", { class: "told", id: `told-${id}`, hidden: "" }, description);
    const info = element("button", { type: "button", class: "info", "aria-expanded": "false",
      "aria-controls": `told-${id}`, "aria-label": `About ${title}`, title: description }, "i");
    info.addEventListener("click", () => {
      told.hidden = !told.hidden;
      info.setAttribute("aria-expanded", !told.hidden);
    });
    const framed = element("section", { class: "panel", "aria-labelledby": `title-${id}` },
      element("header", {}, element("h3", { id: `title-${id}` }, title), info), told, this.body);
    framed.classList.toggle("wide", gridPos.w > 12);
    framed.style.gridColumn = `span ${gridPos.w}`;
    framed.style.height = `${gridPos.h * UNIT_HEIGHT}px`;
    return framed;
  }

  async refresh(span, chosen) {
    try {
      const answers = await this.answers(span, chosen);
      this.draw(answers, span);
    } catch (error) {
      this.say("failed", error.message);
    }
  }

  async answers(span, chosen) {
    const ask = ["table", "bargauge"].includes(this.panel.type) ? now : course;
    return Promise.all(this.panel.targets.map(async ({ expr, legendFormat }) => {
      const found = await ask(resolved(expr, span, chosen), span);
      return found.map((one) => ({ ...one, name: named(legendFormat, one.labels) }));
    }));
  }

  draw(answers, span) {
    const series = answers.flat();
    const known = series.filter(({ value, values }) =>
      (values ?? [value]).some((one) => !Number.isNaN(one)));
    const { noValue = "No data" } = this.panel.fieldConfig.defaults;
    if (!known.length) return this.say("empty", noValue);
    this.clear();
    const shown = this.panel.type === "table" ? answers : known;
    const focused = this.buttons().indexOf(document.activeElement);
    const scrolled = this.body.querySelector(".legend")?.scrollTop ?? 0;
    const redraw = () => this.draw(answers, span);
    this.chart = DRAWS[this.panel.type](this.body, this.panel, shown,
      { span, hidden: this.hidden, redraw });
    this.buttons()[focused]?.focus();
    this.body.querySelector(".legend")?.scrollTo(0, scrolled);
    this.element.dataset.state = "drawn";
  }

  buttons() {
    return [...this.body.querySelectorAll("button")];
  }

  say(state, text) {
    this.clear();
    const kind = state === "failed" ? "failed" : "nothing";
    this.body.replaceChildren(element("p", { class: kind }, text));
    this.element.dataset.state = state;
  }

  clear() {
    this.chart?.destroy();
    this.chart = null;
  }
}
