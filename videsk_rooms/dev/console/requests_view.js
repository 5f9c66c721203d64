// The list of requests: live, filtered, with pointer and keyboard support.

import { callFilter } from "./calls.js";
import { h, oncePerFrame, setAttribute, setText } from "./dom.js";
import { count } from "./format.js";
import { addRows, fillRow, makeRow, rowId } from "./request_row.js";
import { requestsToolbar } from "./requests_toolbar.js";
import { VirtualList } from "./virtual_list.js";
import { t } from "./language.js";

export class RequestsView {
  constructor(model, signal, { choose }) {
    this._model = model;
    this._choose = choose;
    this._open = new Set(); // ids of calls that show their attempts
    this._frozen = null; // the calls shown while the list is paused
    this._active = null; // the key of the row with the keyboard focus
    this._chosen = null; // the number of the request in the panel
    this._filter = { status: "", operation: "", text: "" };
    this._list = new VirtualList({
      properties: this._gridProperties(),
      heading: headings(),
      make: makeRow,
      fill: (row, item, index) => this._fill(row, item, index),
      keyOf: (item) => item.key,
      ended: () => this._loadOlder(),
    });
    this._toolbar = requestsToolbar(model, {
      filter: (filter) => this._setFilter(filter),
      pause: (isPaused) => this._pause(isPaused),
    });
    this._draw = oncePerFrame(() => this._drawNow());
    this.element = this._build();
    model.addEventListener("requests", this._draw, { signal });
    model.addEventListener("state", () => this._toolbar.setOperations(model.state), { signal });
    this._draw();
  }

  /** Highlight the request in the panel. */
  setChosen(number) {
    this._chosen = number;
    const request = number === null ? undefined : this._model.calls.request(number);
    if (request) this._active ??= this._model.calls.callOf(request).id;
    this._draw();
  }

  focus() {
    this._grid.focus({ preventScroll: true });
  }

  _build() {
    this._empty = h("p", { class: "empty", hidden: true });
    this._grid = this._list.element;
    const keys = h("p", { id: "requests-keys", class: "visually-hidden", text: t("requestsKeys") });
    return h("div", { class: "requests" }, this._toolbar.element, this._grid, this._empty, keys);
  }

  _gridProperties() {
    return {
      role: "treegrid",
      tabindex: "0",
      "aria-label": t("requests"),
      "aria-describedby": "requests-keys",
      on: {
        keydown: (event) => this._pressed(event),
        click: (event) => this._clicked(event),
      },
    };
  }

  _drawNow() {
    const calls = this._frozen ?? this._model.calls.list;
    const matches = callFilter(this._filter);
    const items = [];
    let found = 0;
    for (let index = calls.length - 1; index >= 0; index -= 1) {
      const call = calls[index];
      if (!matches(call)) continue;
      found += 1;
      addRows(items, call, this._open.has(call.id));
    }
    this._list.show(items);
    setAttribute(this._grid, "aria-rowcount", items.length + 1);
    this._markActive();
    this._sayCount(found, calls.length);
  }

  _sayCount(found, all) {
    const hidden = this._frozen ? this._model.calls.list.length - this._frozen.length : 0;
    const calls = found === all ? count("calls", all) : t("callsOf", { n: found, all });
    this._toolbar.setCount(hidden > 0 ? `${calls}, ${count("newCalls", hidden)}` : calls);
    this._empty.hidden = found > 0;
    setText(this._empty, all ? t("noneMatch") : t("noRequests"));
  }

  _fill(row, item, index) {
    const number = (item.attempt ?? item.call.last).number;
    const isOpenCall = this._open.has(item.call.id);
    const isChosen =
      number === this._chosen || (!item.attempt && !isOpenCall && this._holds(item.call));
    const isActive = item.key === this._active;
    fillRow(row, item, index, { isOpen: isOpenCall, isChosen, isActive });
  }

  _holds(call) {
    return call.attempts.some((attempt) => attempt.number === this._chosen);
  }

  _setFilter(filter) {
    this._filter = filter;
    this._list.element.scrollTop = 0;
    this._draw();
  }

  _pause(isPaused) {
    this._frozen = isPaused ? [...this._model.calls.list] : null;
    this._draw();
  }

  async _loadOlder() {
    if (this._loading || this._frozen) return;
    this._loading = true;
    await this._model.loadOlderRequests().catch(() => false);
    this._loading = false;
  }

  _clicked(event) {
    const row = event.target.closest("[role=row][data-key]");
    if (!row) return;
    const item = this._list.items.find((each) => each.key === row.dataset.key);
    if (!item) return;
    this._active = item.key;
    if (event.target.closest(".cell-opener, .cell-attempts") && row.hasAttribute("aria-expanded")) {
      this._toggle(item.call);
    } else {
      this._openItem(item, false);
    }
    this._draw();
  }

  _pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this._grid) return;
    const index = this._list.items.findIndex((item) => item.key === this._active);
    const move = MOVES[event.key]?.(index, this._list);
    if (move !== undefined) this._activate(move);
    else if (!this._actOn(event.key, this._list.items[index])) return;
    event.preventDefault();
  }

  _activate(index) {
    const last = this._list.items.length - 1;
    if (last < 0) return;
    const at = Math.min(Math.max(index, 0), last);
    this._active = this._list.items[at].key;
    this._list.reveal(at);
    this._markActive();
  }

  _actOn(key, item) {
    if (!item) return false;
    const hasAttempts = item.call.attempts.length > 1;
    const isOpen = this._open.has(item.call.id);
    if (key === "Enter" || key === " ") this._openItem(item, key === "Enter");
    else if (key === "ArrowRight" && hasAttempts && !isOpen) this._toggle(item.call);
    else if (key === "ArrowLeft" && isOpen) {
      this._active = item.call.id;
      this._toggle(item.call);
    } else return false;
    return true;
  }

  _openItem(item, withFocus) {
    this._choose((item.attempt ?? item.call.last).number, withFocus);
  }

  _toggle(call) {
    if (!this._open.delete(call.id)) this._open.add(call.id);
    this._draw();
  }

  _markActive() {
    const id = this._active === null ? null : rowId(this._active);
    const exists = id !== null && document.getElementById(id) !== null;
    setAttribute(this._grid, "aria-activedescendant", exists ? id : null);
  }
}

const MOVES = {
  ArrowDown: (index) => index + 1,
  ArrowUp: (index) => index - 1,
  PageDown: (index, list) => index + list.pageRows,
  PageUp: (index, list) => index - list.pageRows,
  Home: () => 0,
  End: (_, list) => list.items.length - 1,
};

function headings() {
  const names = ["", "status", "method", "path", "attempts", "duration", "left", "time"];
  const cells = names.map((name) =>
    h("span", {
      role: "columnheader",
      class: `cell cell-${name || "opener"}`,
      text: name ? t(`column_${name}`) : "",
    }),
  );
  return h("div", { role: "row", class: "row headings", "aria-rowindex": "1" }, ...cells);
}
