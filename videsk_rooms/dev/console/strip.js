// The last minute and the limit: one bar for each second.

import { h, setAttribute, setText, svg } from "./dom.js";
import { count, number } from "./format.js";
import { hasRequests } from "./model.js";
import { t } from "./language.js";

const SECONDS = 60;
const HEIGHT = 84;
const TOP = 16; // above the bars, for the marks of refused requests
const LEFT = 30; // for the numbers of the axis
const PARTS = ["interactive", "background", "other"];

export class Strip {
  constructor(model, signal) {
    this._model = model;
    this._pointed = null; // the index of the second under the pointer
    this.element = this._build();
    model.addEventListener("limit", () => this.draw(), { signal });
    const observer = new ResizeObserver(() => this.draw());
    observer.observe(this._frame);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  draw() {
    const width = this._frame.clientWidth;
    if (!width) return;
    const { limit } = this._model.limit;
    const seconds = lastMinute(this._model.limit);
    const highest = Math.max(...seconds.map(heightOf), (limit ?? 0) * 1.1, 4);
    const scale = {
      width,
      step: (width - LEFT) / SECONDS,
      of: (value) => (value / highest) * (HEIGHT - TOP),
    };
    this._picture.setAttribute("width", width);
    this._picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this._picture.replaceChildren(
      patterns(),
      ...limitLine(limit, scale),
      ...seconds.flatMap((second, index) => bar(second, index, scale)),
      svg("line", { class: "ground", x1: LEFT, x2: width, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }),
      ...this._pointer(scale),
    );
    this._say(seconds, limit);
  }

  _build() {
    this._picture = svg("svg", { height: HEIGHT, "aria-hidden": "true", focusable: "false" });
    this._frame = h(
      "div",
      {
        class: "strip-frame",
        role: "slider",
        tabindex: "0",
        "aria-label": t("stripSeconds"),
        "aria-valuemin": "-59",
        "aria-valuemax": "0",
        "aria-valuenow": "0",
        on: {
          pointermove: (event) => this._point(this._at(event)),
          pointerleave: () => this._point(null),
          blur: () => this._point(null),
          keydown: (event) => this._pressed(event),
        },
      },
      this._picture,
    );
    this._summary = h("p", { class: "strip-summary" });
    const heading = h("h2", { class: "strip-title", id: "strip-title", text: t("lastMinute") });
    return h(
      "section",
      { class: "strip", "aria-labelledby": "strip-title" },
      h("div", { class: "strip-heading" }, heading, this._summary, legend()),
      this._frame,
    );
  }

  _at(event) {
    const { left, width } = this._frame.getBoundingClientRect();
    const index = Math.floor(((event.clientX - left - LEFT) / (width - LEFT)) * SECONDS);
    return index >= 0 && index < SECONDS ? index : null;
  }

  _pressed(event) {
    const steps = {
      ArrowLeft: -1,
      ArrowRight: 1,
      PageUp: -10,
      PageDown: 10,
      Home: -SECONDS,
      End: SECONDS,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const from = this._pointed ?? SECONDS - 1;
    this._point(Math.min(Math.max(from + step, 0), SECONDS - 1));
  }

  _point(index) {
    if (index === this._pointed) return;
    this._pointed = index;
    this.draw();
  }

  _pointer({ step }) {
    if (this._pointed === null) return [];
    const x = LEFT + this._pointed * step;
    return [svg("rect", { class: "pointed", x, y: 0, width: step, height: HEIGHT })];
  }

  /** Describe the picture in words: the minute, or the second under the pointer. */
  _say(seconds, limit) {
    const index = this._pointed;
    const text = index === null ? minuteText(seconds, limit) : secondText(seconds[index], index);
    setText(this._summary, text);
    setAttribute(this._frame, "aria-valuenow", (index ?? SECONDS - 1) - SECONDS + 1);
    setAttribute(this._frame, "aria-valuetext", text);
  }
}

/** Sixty seconds up to the latest, including those without requests. */
function lastMinute({ seconds, now }) {
  const bySecond = new Map(seconds.map((each) => [each.second, each]));
  return Array.from({ length: SECONDS }, (_, index) => {
    const second = now - SECONDS + 1 + index;
    return bySecond.get(second) ?? { second, interactive: 0, background: 0, other: 0, refused: 0 };
  });
}

function allowed(second) {
  return PARTS.reduce((sum, part) => sum + second[part], 0);
}

function heightOf(second) {
  return allowed(second) + second.refused;
}

function minuteText(seconds, limit) {
  const total = seconds.reduce((sum, second) => sum + heightOf(second), 0);
  if (!total)
    return limit === null ? t("minuteQuietNoLimit") : t("minuteQuiet", { limit: number(limit) });
  const refused = seconds.reduce((sum, second) => sum + second.refused, 0);
  const peak = Math.max(...seconds.map(allowed));
  const words = [count("requests", total)];
  words.push(
    limit === null
      ? t("minutePeakNoLimit", { peak: number(peak) })
      : t("minutePeak", { peak: number(peak), limit: number(limit) }),
  );
  words.push(refused ? count("refused", refused) : t("noneRefused"));
  return words.join(" · ");
}

function secondText(second, index) {
  const ago = SECONDS - 1 - index;
  const words = [ago ? t("secondsAgo", { n: ago }) : t("thisSecond")];
  if (!hasRequests(second)) words.push(t("noneInSecond"));
  for (const part of [...PARTS, "refused"]) {
    if (second[part]) words.push(t(`${part}Count`, { n: number(second[part]) }));
  }
  return words.join(" · ");
}

function bar(second, index, { step, of }) {
  const x = LEFT + index * step + 1;
  const width = Math.max(step - 2, 1.5);
  let y = HEIGHT - 1;
  const rects = [...PARTS, "refused"]
    .filter((part) => second[part])
    .map((part) => {
      const height = Math.max(of(second[part]), 1);
      y -= height;
      return svg("rect", { class: `bar-${part}`, x, y, width, height, rx: 1 });
    });
  if (second.refused) rects.push(cross(x + width / 2, Math.max(y - 7, 5)));
  return rects;
}

/** A mark that is visible without colours. */
function cross(x, y) {
  const d = `M${x - 2.6} ${y - 2.6}l5.2 5.2m0-5.2l-5.2 5.2`;
  return svg("path", { class: "refused-mark", d });
}

function limitLine(limit, { width, of }) {
  if (limit === null) return [];
  const y = Math.round(HEIGHT - of(limit)) - 0.5;
  return [
    svg("line", { class: "limit-line", x1: LEFT, x2: width, y1: y, y2: y }),
    svg("text", {
      class: "limit-text",
      x: LEFT - 6,
      y: y + 4,
      "text-anchor": "end",
      text: number(limit),
    }),
  ];
}

/** Stripes, so that background calls differ from interactive ones without colours. */
function patterns() {
  const lines = (id, d) =>
    svg(
      "pattern",
      { id, width: 4, height: 4, patternUnits: "userSpaceOnUse" },
      svg("rect", { class: `${id}-ground`, width: 4, height: 4 }),
      svg("path", { class: `${id}-line`, d }),
    );
  return svg(
    "defs",
    {},
    lines("stripes-background", "M-1 1l2-2M0 4l4-4M3 5l2-2"),
    lines("stripes-refused", "M-1 3l2 2M0 0l4 4M3-1l2 2"),
  );
}

function legend() {
  const entries = [...PARTS, "refused"].map((part) =>
    h(
      "li",
      {},
      svg(
        "svg",
        { class: "swatch", viewBox: "0 0 10 10", "aria-hidden": "true" },
        svg("rect", { class: `bar-${part}`, width: 10, height: 10, rx: 2 }),
      ),
      h("span", { text: t(part) }),
    ),
  );
  return h("ul", { class: "legend" }, ...entries);
}
