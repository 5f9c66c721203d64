// A line chart with an axis, values and text, drawn without a library.

import { h, svg } from "./dom.js";
import { number, timeOfDay } from "./format.js";
import { t } from "./language.js";

const HEIGHT = 116;
const MARGIN = { left: 40, right: 8, top: 8, bottom: 18 };

/** Draw lines of points `{at, value}` over time. */
export function lineChart({ title, unit, digits, width, lines }) {
  const points = lines.flatMap((line) => line.points);
  const latest = h("span", { class: "chart-latest" });
  const figure = h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, h("span", { text: title }), latest),
  );
  if (!points.length) {
    figure.append(h("p", { class: "muted", text: t("notMeasured") }));
    return figure;
  }
  const scale = makeScale(points, width);
  const pointer = svg("line", {
    class: "chart-pointer",
    y1: MARGIN.top,
    y2: HEIGHT - MARGIN.bottom,
    visibility: "hidden",
  });
  const known = lines.filter((line) => line.points.length);
  const words = known.map((line) => `${line.name} ${valueAt(line, unit, digits)}`).join(", ");
  const show = (at) => latest.replaceChildren(...shownValues(known, unit, digits, at));
  const picture = svg(
    "svg",
    {
      class: "chart-picture",
      role: "img",
      "aria-label": `${title}: ${words}`,
      viewBox: `0 0 ${width} ${HEIGHT}`,
      width,
      height: HEIGHT,
    },
    ...axis(scale, digits),
    ...lines.map((line) => path(line, scale)),
    ...lines.map((line) => lastPoint(line, scale)),
    pointer,
  );
  show(Infinity);
  picture.addEventListener("pointermove", (event) => {
    const at = scale.instant(event.clientX - picture.getBoundingClientRect().left);
    show(at);
    pointer.setAttribute("x1", scale.x(at));
    pointer.setAttribute("x2", scale.x(at));
    pointer.setAttribute("visibility", "visible");
  });
  picture.addEventListener("pointerleave", () => {
    show(Infinity);
    pointer.setAttribute("visibility", "hidden");
  });
  figure.append(picture);
  return figure;
}

function makeScale(points, width) {
  const times = points.map((point) => point.at);
  const end = Math.max(...times);
  const start = Math.min(Math.min(...times), end - 10_000);
  const step = roundStep(Math.max(...points.map((point) => point.value), 0) / 3);
  const highest = step * 3;
  const inner = width - MARGIN.left - MARGIN.right;
  const floor = HEIGHT - MARGIN.bottom;
  return {
    start,
    end,
    step,
    width,
    x: (at) => MARGIN.left + ((at - start) / (end - start)) * inner,
    y: (value) => floor - (value / highest) * (floor - MARGIN.top),
    instant: (x) => start + Math.min(Math.max((x - MARGIN.left) / inner, 0), 1) * (end - start),
  };
}

/** The axis step: 1, 2, 2.5 or 5 times a power of ten. */
function roundStep(least) {
  if (least <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 2.5, 5, 10].find((factor) => factor * power >= least) * power;
}

function axis(scale, digits) {
  const { start, end, step, width } = scale;
  const lines = [0, 1, 2, 3].flatMap((index) => {
    const y = Math.round(scale.y(index * step)) + 0.5;
    const value = number(index * step, step < 1 ? Math.max(digits, 2) : digits);
    return [
      svg("line", {
        class: index ? "grid-line" : "ground",
        x1: MARGIN.left,
        x2: width - MARGIN.right,
        y1: y,
        y2: y,
      }),
      svg("text", {
        class: "axis-text",
        x: MARGIN.left - 6,
        y: y + 3.5,
        "text-anchor": "end",
        text: value,
      }),
    ];
  });
  return [
    ...lines,
    svg("text", { class: "axis-text", x: MARGIN.left, y: HEIGHT - 4, text: timeOfDay(start) }),
    svg("text", {
      class: "axis-text",
      x: width - MARGIN.right,
      y: HEIGHT - 4,
      "text-anchor": "end",
      text: timeOfDay(end),
    }),
  ];
}

function path({ points, look }, scale) {
  const steps = points.map(
    (point, index) =>
      `${index ? "L" : "M"}${scale.x(point.at).toFixed(1)} ${scale.y(point.value).toFixed(1)}`,
  );
  return svg("path", { class: `chart-line look-${look}`, d: steps.join("") });
}

function lastPoint({ points, look }, scale) {
  if (!points.length) return null;
  const last = points[points.length - 1];
  return svg("circle", {
    class: `chart-point look-${look}`,
    cx: scale.x(last.at),
    cy: scale.y(last.value),
    r: 2.6,
  });
}

/** A line's value at an instant, or its latest value. */
function valueAt(line, unit, digits, at = Infinity) {
  return `${number(nearest(line.points, at).value, digits)} ${unit}`.trim();
}

/** The values beside the title, each in the style of its line. */
function shownValues(lines, unit, digits, at) {
  const values = lines.map((line) => {
    const swatch = h("span", { class: `line-swatch look-${line.look}`, title: line.name });
    return h("span", { class: "chart-value" }, swatch, valueAt(line, unit, digits, at));
  });
  return at === Infinity ? values : [h("span", { text: timeOfDay(at) }), ...values];
}

function nearest(points, at) {
  if (at === Infinity) return points[points.length - 1];
  return points.reduce((best, point) =>
    Math.abs(point.at - at) < Math.abs(best.at - at) ? point : best,
  );
}
