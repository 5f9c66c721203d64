// Call quality by person: one chart for each measurement.

import { api } from "./api.js";
import { lineChart } from "./charts.js";
import { h, oncePerFrame } from "./dom.js";
import { number } from "./format.js";
import { t } from "./language.js";

const CHARTS = [
  { key: "roundTripMs", unit: "ms", digits: 0 },
  { key: "lossPercent", unit: "%", digits: 1 },
  { key: "jitterMs", unit: "ms", digits: 1 },
  { key: "sendKbps", unit: "kbit/s", digits: 0 },
  { key: "receiveKbps", unit: "kbit/s", digits: 0 },
  { key: "freezes", unit: "", digits: 0 },
];
const PAUSE = 1000; // milliseconds between two fetches

export class MeasurementsView {
  constructor(model, signal) {
    this._id = null;
    this._planned = false;
    this._draw = oncePerFrame(() => this._drawNow());
    this._charts = h("div", { class: "charts" });
    this._legend = h("ul", { class: "legend" });
    this._table = h("details", { class: "chart-table" });
    this.element = h(
      "section",
      { class: "measurements", "aria-labelledby": "measurements-title", hidden: true },
      h("h3", { id: "measurements-title", text: t("callQuality") }),
      this._legend,
      this._charts,
      this._table,
    );
    const observer = new ResizeObserver(() => this._draw());
    observer.observe(this._charts);
    signal.addEventListener("abort", () => observer.disconnect());
    model.addEventListener("measurement", ({ detail }) => this._heard(detail), { signal });
  }

  show(id) {
    if (id === this._id) return;
    this._id = id;
    this._lines = [];
    this.element.hidden = true;
    if (id !== null) void this._fetch();
  }

  _heard(roomId) {
    if (roomId !== this._id || this._planned) return;
    this._planned = true;
    setTimeout(() => {
      this._planned = false;
      void this._fetch();
    }, PAUSE);
  }

  async _fetch() {
    const id = this._id;
    if (id === null) return;
    const answer = await api.measurements(id).catch(() => null);
    if (!answer || id !== this._id) return;
    this._lines = answer.people.filter((each) => each.samples.length > 0).map(line);
    this.element.hidden = this._lines.length === 0;
    this._draw();
  }

  _drawNow() {
    const width = this._charts.clientWidth;
    if (this.element.hidden || !width) return;
    const columns = width >= 560 ? 2 : 1;
    const each = Math.floor((width - (columns - 1) * 16) / columns);
    this._charts.replaceChildren(...CHARTS.map((chart) => this._chart(chart, each)));
    this._legend.replaceChildren(...this._lines.map(legendEntry));
    const isOpen = this._table.open;
    this._table.replaceChildren(h("summary", { text: t("valuesAsTable") }), table(this._lines));
    this._table.open = isOpen;
  }

  _chart({ key, unit, digits }, width) {
    const lines = this._lines.map((each) => ({
      ...each,
      points: each.samples
        .filter((sample) => sample[key] !== null && sample[key] !== undefined)
        .map((sample) => ({ at: Date.parse(sample.at), value: sample[key] })),
    }));
    return lineChart({ title: t(`measure_${key}`), unit, digits, width, lines });
  }
}

function line(person, index) {
  const [name, to] = [person.alias || t("guest"), person.toAlias || t("guest")];
  return { name: `${name} → ${to}`, look: index % 6, samples: person.samples };
}

function legendEntry({ name, look }) {
  const swatch = h("span", { class: `line-swatch look-${look}`, "aria-hidden": "true" });
  return h("li", {}, swatch, h("span", { text: name }));
}

/** The same as numbers: last, mean and highest of each. */
function table(lines) {
  const head = ["person", "measured", "latest", "mean", "highest"].map((name) =>
    h("th", { scope: "col", text: t(`table_${name}`) }),
  );
  const rows = lines.flatMap((each) => CHARTS.map((chart) => tableRow(each, chart)));
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...head)),
    h("tbody", {}, ...rows.filter(Boolean)),
  );
}

function tableRow({ name, samples }, { key, unit, digits }) {
  const values = samples
    .map((sample) => sample[key])
    .filter((value) => value !== null && value !== undefined);
  if (!values.length) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const shown = [values[values.length - 1], mean, Math.max(...values)];
  return h(
    "tr",
    {},
    h("th", { scope: "row", text: name }),
    h("td", { text: t(`measure_${key}`) }),
    ...shown.map((value) =>
      h("td", { class: "number", text: `${number(value, digits)} ${unit}`.trim() }),
    ),
  );
}
