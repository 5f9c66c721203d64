// Announces changes to screen readers, only in response to something that somebody did.

import { h } from "./dom.js";

const region = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });

export function announcer() {
  return region;
}

export function announce(text) {
  region.textContent = ""; // so that the same text is announced again
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}
