// A list of any length that renders only the visible rows. All rows have the same height.

import { h } from "./dom.js";

const SPARE_ROWS = 8; // above and below the visible ones
const MOST_UNUSED = 100;

export class VirtualList {
  /**
   * @param properties Those of the scrolling element.
   * @param heading A row that stays at the top.
   * @param make Creates an empty row.
   * @param fill Fills a row: (element, item, index).
   * @param keyOf Returns an item's key: a row stays with its item while the list scrolls.
   */
  constructor({ properties, heading, make, fill, keyOf, ended }) {
    this._make = make;
    this._fill = fill;
    this._keyOf = keyOf;
    this._ended = ended;
    this._rows = new Map();
    this._unused = [];
    this.items = [];
    this._heading = heading;
    this.body = h("div", { class: "list-body", role: "rowgroup" });
    this.element = h("div", { class: "list", ...properties }, heading, this.body);
    this.element.addEventListener("scroll", () => this._scrolled());
    this._planned = false;
    new ResizeObserver(() => this._measure()).observe(this.element);
  }

  get isAtTop() {
    return this.element.scrollTop < this._height / 2;
  }

  /** Show other items. The scroll position follows the visible rows, except at the top. */
  show(items) {
    const anchor = this.isAtTop ? null : this._anchor();
    this.items = items;
    this.body.style.height = `${items.length * this._height}px`;
    if (anchor) this._keep(anchor);
    this.render();
  }

  render() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / this._height) - SPARE_ROWS);
    const end = Math.min(
      this.items.length,
      Math.ceil((scrollTop + clientHeight) / this._height) + SPARE_ROWS,
    );
    this._release(first, end);
    let previous = null;
    for (let index = first; index < end; index += 1) {
      const row = this._place(index);
      // In visual order, because screen readers follow the document's order.
      const next = previous ? previous.nextSibling : this.body.firstChild;
      if (next !== row) this.body.insertBefore(row, next);
      previous = row;
    }
  }

  /** Scroll a row into view. */
  reveal(index) {
    const top = index * this._height;
    const { scrollTop } = this.element;
    const lowest = top + this._height - this._roomForRows;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (lowest > scrollTop) this.element.scrollTop = lowest;
    this.render();
  }

  get pageRows() {
    return Math.max(1, Math.floor(this._roomForRows / this._height) - 1);
  }

  get _roomForRows() {
    return this.element.clientHeight - this._heading.offsetHeight;
  }

  get _height() {
    return this._rowHeight ?? 36;
  }

  _measure() {
    const declared = getComputedStyle(this.element).getPropertyValue("--row-height");
    this._rowHeight = Number.parseFloat(declared) || 36;
    this.body.style.height = `${this.items.length * this._height}px`;
    this.render();
  }

  _anchor() {
    const { scrollTop } = this.element;
    const index = Math.min(Math.floor(scrollTop / this._height), this.items.length - 1);
    if (index < 0) return null;
    return { key: this._keyOf(this.items[index]), within: scrollTop - index * this._height };
  }

  _keep({ key, within }) {
    const index = this.items.findIndex((item) => this._keyOf(item) === key);
    if (index >= 0) this.element.scrollTop = index * this._height + within;
  }

  /** Release the rows whose items are no longer visible. */
  _release(first, end) {
    const wanted = new Set();
    for (let index = first; index < end; index += 1) wanted.add(this._keyOf(this.items[index]));
    for (const [key, row] of this._rows) {
      if (wanted.has(key)) continue;
      this._rows.delete(key);
      row.remove();
      if (this._unused.length < MOST_UNUSED) this._unused.push(row);
    }
  }

  _place(index) {
    const item = this.items[index];
    const key = this._keyOf(item);
    let row = this._rows.get(key);
    if (!row) {
      row = this._unused.pop() ?? this._make();
      this._rows.set(key, row);
    }
    row.style.transform = `translateY(${index * this._height}px)`;
    this._fill(row, item, index);
    return row;
  }

  _scrolled() {
    if (this._planned) return;
    this._planned = true;
    requestAnimationFrame(() => {
      this._planned = false;
      this.render();
      const { scrollTop, clientHeight, scrollHeight } = this.element;
      if (scrollTop + clientHeight > scrollHeight - 4 * this._height) this._ended?.();
    });
  }
}
