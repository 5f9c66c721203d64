// Buttons that copy text to the clipboard and confirm it.

import { h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { announce } from "./announcer.js";
import { t } from "./language.js";

const SHOWN_FOR = 1600; // milliseconds

/** A button that copies the result of `textOf`, which may be async. */
export function copyButton(label, textOf, properties = {}) {
  const word = h("span", { text: label });
  const button = h(
    "button",
    { type: "button", class: "button small", ...properties },
    icon("copy"),
    word,
  );
  button.addEventListener("click", async () => {
    const copied = await copy(await textOf());
    const said = t(copied ? "copied" : "copyFailed");
    setText(word, said);
    announce(said);
    setTimeout(() => setText(word, label), SHOWN_FOR);
  });
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** For browsers in which the clipboard API needs permission. */
function copyBySelection(text) {
  const field = h("textarea", { class: "visually-hidden", "aria-hidden": "true" });
  const focused = document.activeElement;
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return copied;
}
