// Says what went wrong with something that was asked for, until it is closed or ten seconds passed.

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

/** Do something that may fail, and say so if it does. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    notify(error.message || String(error));
    return undefined;
  }
}
