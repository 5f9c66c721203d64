// The toolbar above the list of requests: filters, pause, clear.

import { STATUS_CLASSES } from "./calls.js";
import { h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { attempt } from "./notices.js";
import { t } from "./language.js";

export function requestsToolbar(model, { filter, pause }) {
  const status = select(t("filterStatus"), [
    ["", t("anyStatus")],
    ...STATUS_CLASSES.map((name) => [name, t(`class_${name}`)]),
  ]);
  const operation = select(t("filterOperation"), [["", t("anyOperation")]]);
  const text = h("input", {
    type: "search",
    class: "field grow",
    placeholder: t("filterText"),
    "aria-label": t("filterText"),
    autocomplete: "off",
    spellcheck: "false",
  });
  const found = h("span", { class: "count muted" });
  const changed = () =>
    filter({ status: status.value, operation: operation.value, text: text.value });
  for (const control of [status, operation, text]) control.addEventListener("input", changed);
  const clear = h("button", { type: "button", class: "button", text: t("clearList") });
  clear.addEventListener("click", () => attempt(() => model.clearRequests()));
  const element = h(
    "div",
    { class: "toolbar", role: "group", "aria-label": t("filters") },
    text,
    status,
    operation,
    pauseButton(pause),
    clear,
    found,
  );
  const setOperations = (state) => fillOperations(operation, state);
  setOperations(model.state);
  return { element, setOperations, setCount: (words) => setText(found, words) };
}

function select(label, options) {
  const made = options.map(([value, text]) => h("option", { value, text }));
  return h("select", { class: "field", "aria-label": label }, ...made);
}

function fillOperations(operation, state) {
  const names = state?.operations ?? [];
  const chosen = operation.value;
  const made = names.map((name) => h("option", { value: name, text: name }));
  operation.replaceChildren(operation.options[0], ...made);
  operation.value = names.includes(chosen) ? chosen : "";
}

function pauseButton(pause) {
  const word = h("span", { text: t("pause") });
  const button = h(
    "button",
    { type: "button", class: "button", "aria-pressed": "false" },
    icon("pause"),
    word,
  );
  button.addEventListener("click", () => {
    const isPaused = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isPaused));
    button.replaceChild(icon(isPaused ? "play" : "pause"), button.firstChild);
    setText(word, t(isPaused ? "resume" : "pause"));
    pause(isPaused);
  });
  return button;
}
