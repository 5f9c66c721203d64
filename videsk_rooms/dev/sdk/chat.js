// The element <videsk-chat>: the messages, and a field to write in.

import { CHAT_STYLE } from "./style.js";
import { textWithLinks } from "./text.js";
import { words } from "./words.js";

const MOST_MESSAGES = 500;
export const LONGEST_MESSAGE = 4000; // characters; the sandbox refuses more

export class VideskChat extends HTMLElement {
  #list = document.createElement("ol");
  #field = document.createElement("input");
  #unread = 0;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [CHAT_STYLE];
    const form = document.createElement("form");
    const button = document.createElement("button");
    button.textContent = words().send;
    this.#list.setAttribute("aria-live", "polite");
    this.#field.maxLength = LONGEST_MESSAGE;
    this.#field.placeholder = words().message;
    this.#field.setAttribute("aria-label", words().message);
    this.#field.autocomplete = "off";
    form.append(this.#field, button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#write(this.#field.value);
    });
    root.append(this.#list, form);
  }

  /** Whether it is open; reflects the class `active`. */
  get active() {
    return this.classList.contains("active");
  }

  set active(open) {
    this.classList.toggle("active", Boolean(open));
    if (open) this.#count(0);
  }

  /** Show a message from this side or another, and fire `new-message` unless told not to. */
  add(message, local = false, emitEvent = true) {
    const item = document.createElement("li");
    item.className = local ? "local" : "remote";
    item.append(textWithLinks(String(message)));
    this.#list.append(item);
    while (this.#list.childElementCount > MOST_MESSAGES) this.#list.firstElementChild.remove();
    item.scrollIntoView?.({ block: "nearest" });
    if (!local && !this.active) this.#count(this.#unread + 1);
    if (!emitEvent) return;
    const detail = { message: String(message), remote: !local, date: new Date() };
    this.dispatchEvent(new CustomEvent("new-message", { detail, bubbles: true, composed: true }));
  }

  #write(text) {
    if (!text.trim()) return;
    this.#field.value = "";
    this.add(text, true);
  }

  #count(total) {
    if (total === this.#unread) return;
    this.#unread = total;
    this.dispatchEvent(new CustomEvent("unread-message", { detail: { total }, bubbles: true, composed: true }));
  }
}
