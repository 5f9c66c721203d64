// Formats a JSON body: one line for each field, with a style for each kind of value.

import { h } from "./dom.js";

const TOKENS =
  /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MOST_COLOURED = 20_000; // characters: creating a span for each value of a longer body is slow

/** Build the code element of a body; a body that is not JSON stays unchanged. */
export function bodyCode(body) {
  const text = pretty(body);
  if (text === null) return h("code", { text: body });
  if (text.length > MOST_COLOURED) return h("code", { text });
  return h("code", {}, ...coloured(text));
}

/** The same JSON on more lines; `null` if the values would change, as with 1e999. */
function pretty(body) {
  try {
    const text = JSON.stringify(JSON.parse(body), null, 2);
    return values(text) === values(body) ? text : null;
  } catch {
    return null;
  }
}

/** The numbers and words as written, and a placeholder for strings, whose escapes may differ. */
function values(text) {
  return Array.from(text.matchAll(TOKENS), ([whole, string]) => (string ? '"' : whole)).join();
}

function coloured(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    parts.push(text.slice(end, match.index));
    const [whole, string, colon] = match;
    parts.push(h("span", { class: lookOf(string, colon), text: string ?? whole }), colon ?? "");
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}

function lookOf(string, colon) {
  if (!string) return "json-value";
  return colon ? "json-key" : "json-string";
}
