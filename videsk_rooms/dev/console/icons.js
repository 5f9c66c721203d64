// Icons drawn for this page. Screen readers skip them and read the text beside them.

import { svg } from "./dom.js";

const PATHS = {
  requests: "M3 4.5h10M3 8h10M3 11.5h6",
  rooms:
    "M2.5 5.2a1 1 0 0 1 1-1h5.8a1 1 0 0 1 1 1v5.6a1 1 0 0 1-1 1H3.5a1 1 0 0 1-1-1zM10.3 7.2l3.2-2v5.6l-3.2-2",
  conditions: "M8.8 2 4 9h3.6L7.2 14 12 7H8.4z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.5v9l7-4.5z",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M6 6h7v7H6zM10 6V3H3v7h3",
  again: "M12.5 6.5A5 5 0 1 0 13 9M12.8 3v3.6H9.2",
  chevron: "M6 3.5 10.5 8 6 12.5",
  plus: "M8 3v10M3 8h10",
  clock: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3.2l2.2 1.4",
  person:
    "M8 8.2a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2M3.2 13.4c.5-2.4 2.4-3.6 4.8-3.6s4.3 1.2 4.8 3.6",
  outside: "M6.5 3.5h-3v9h9v-3M9 3h4v4M13 3 7.5 8.5",
  theme: "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
  check: "M3.5 8.5 6.5 11.5 12.5 5",
};

export function icon(name) {
  const path = svg("path", { d: PATHS[name] });
  return svg(
    "svg",
    { class: `icon icon-${name}`, viewBox: "0 0 16 16", "aria-hidden": "true" },
    path,
  );
}
