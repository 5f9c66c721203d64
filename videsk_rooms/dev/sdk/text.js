// Renders chat messages: HTML stays text, and URLs become links.

const ADDRESS = /https?:\/\/[^\s<>"']+/g;
const AFTER = /[.,;:!?)\]]+$/; // punctuation of the sentence, not part of the URL

/** A fragment that shows a text. */
export function textWithLinks(text) {
  const fragment = document.createDocumentFragment();
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = found.replace(AFTER, "");
    fragment.append(text.slice(end, index), link(address));
    end = index + address.length;
  }
  fragment.append(text.slice(end));
  return fragment;
}

function link(address) {
  const anchor = document.createElement("a");
  anchor.href = anchor.textContent = address;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  return anchor;
}
