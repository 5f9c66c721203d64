// Shows an error of an action, until it is closed or for ten seconds.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./language.js";

const SHOWN_FOR = 10_000; // milliseconds
const area = h("div", { class: "notices", role: "alert" });

export function notices() {
  return area;
}

export function notify(text) {
  const close = h(
    "button",
    { type: "button", class: "icon-button", "aria-label": t("close") },
    icon("close"),
  );
  const notice = h("div", { class: "notice" }, h("span", { text }), close);
  close.addEventListener("click", () => notice.remove());
  area.append(notice);
  setTimeout(() => notice.remove(), SHOWN_FOR);
}

/** Run an action that may fail, and show its error. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    notify(error.message || String(error));
    return undefined;
  }
}
