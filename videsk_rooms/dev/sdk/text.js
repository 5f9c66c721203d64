// Chat messages as nodes: HTML is shown as it was typed, addresses become links.

const ADDRESS = /https?:\/\/[^\s<>"']+/g;
const AFTER = /[.,;:!?)\]]+$/; // belongs to the sentence, not to the address

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
