// Creates elements. Text is always set as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Create an element: properties are attributes, except `class`, `text`, `on` and `data`. */
export function h(tag, properties = {}, ...children) {
  return furnish(document.createElement(tag), properties, children);
}

/** Create an SVG element. */
export function svg(tag, properties = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), properties, children);
}

function furnish(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name === "class") element.setAttribute("class", value);
    else if (name === "on") listen(element, value);
    else if (name === "data") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function listen(element, handlers) {
  for (const [type, handler] of Object.entries(handlers)) element.addEventListener(type, handler);
}

/** Set the text only if it differs, which preserves selections and does not alert screen readers. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Set an attribute only if it differs; `null` removes it. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, String(value));
  }
}

/**
 * Update the children of `container` to match `items`. An item that stays keeps its element, and
 * with it the focus and typed text.
 */
export function reconcile(container, items, keyOf, create, update) {
  const known = new Map(Array.from(container.children, (child) => [child.dataset.key, child]));
  let previous = null;
  for (const item of items) {
    const key = String(keyOf(item));
    let element = known.get(key);
    known.delete(key);
    if (!element) {
      element = create(item);
      element.dataset.key = key;
    }
    update(element, item);
    const next = previous ? previous.nextElementSibling : container.firstElementChild;
    if (next !== element) container.insertBefore(element, next);
    previous = element;
  }
  for (const gone of known.values()) gone.remove();
}

/** Return a function that runs `work` once in the next frame, however often it is called. */
export function oncePerFrame(work) {
  let planned = false;
  return () => {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      work();
    });
  };
}
