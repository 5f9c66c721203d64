// The page's language: the browser's, until another is chosen.

import { remember, remembered } from "./settings.js";
import { WORDS } from "./words.js";

const LANGUAGES = ["en", "es"];
let chosen = null;

export function language() {
  chosen ??= LANGUAGES.find((each) => each === remembered("language")) ?? ofBrowser();
  return chosen;
}

export function otherLanguage() {
  return language() === "en" ? "es" : "en";
}

export function setLanguage(name) {
  chosen = name;
  remember("language", name);
}

/** The text for `key`, with each `{name}` replaced by its value. */
export function t(key, values = {}) {
  const words = WORDS[key]?.[LANGUAGES.indexOf(language())] ?? key;
  return words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function ofBrowser() {
  return navigator.language.toLowerCase().startsWith("es") ? "es" : "en";
}
