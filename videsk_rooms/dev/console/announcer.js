// Says to screen readers what sighted people see happen. Only what somebody asked for is said.

import { h } from "./dom.js";

const region = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });

export function announcer() {
  return region;
}

export function announce(text) {
  region.textContent = ""; // the same words twice are said twice
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}
