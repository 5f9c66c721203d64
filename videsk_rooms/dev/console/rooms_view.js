// The list of rooms: open, not open yet, and over.

import { h, oncePerFrame, reconcile, setAttribute, setText } from "./dom.js";
import { count, countdown, dayAndTime } from "./format.js";
import { icon } from "./icons.js";
import { attempt } from "./notices.js";
import { openRoomForm } from "./room_form.js";
import { t } from "./language.js";

const GROUPS = ["open", "waiting", "over"];

export class RoomsView {
  constructor(model, signal, { choose }) {
    this._model = model;
    this._choose = choose;
    this._chosen = null;
    this._text = "";
    this._draw = oncePerFrame(() => this._drawNow());
    this.element = this._build();
    for (const name of ["rooms", "clock", "second"]) {
      model.addEventListener(name, () => this._drawIfSeen(), { signal });
    }
    this._draw();
  }

  setChosen(id) {
    this._chosen = id;
    this._draw();
  }

  /** Countdowns are drawn only while the list is visible. */
  _drawIfSeen() {
    if (this.element.offsetParent !== null) this._draw();
    this._refetchWhenOneIsDue();
  }

  _build() {
    const create = h(
      "button",
      { type: "button", class: "button primary" },
      icon("plus"),
      h("span", { text: t("createRoom") }),
    );
    create.addEventListener("click", () =>
      openRoomForm(this._model, (room) => this._choose(room.id)),
    );
    const text = h("input", {
      type: "search",
      class: "field grow",
      placeholder: t("filterRooms"),
      "aria-label": t("filterRooms"),
      autocomplete: "off",
    });
    text.addEventListener("input", () => {
      this._text = text.value.toLowerCase();
      this._draw();
    });
    this._count = h("span", { class: "count muted" });
    this._groups = new Map(GROUPS.map((name) => [name, group(name)]));
    this._more = h("button", {
      type: "button",
      class: "button",
      text: t("showMore"),
      hidden: true,
    });
    this._more.addEventListener("click", () => attempt(() => this._model.showMoreRooms()));
    this._empty = h("p", { class: "empty", text: t("noRooms") });
    return h(
      "div",
      { class: "rooms" },
      h("div", { class: "toolbar" }, text, create, this._count),
      h(
        "div",
        { class: "rooms-list" },
        ...Array.from(this._groups.values(), (each) => each.element),
        this._empty,
        this._more,
      ),
    );
  }

  _drawNow() {
    const { list, total } = this._model.rooms;
    const found = list.filter((room) => this._matches(room));
    for (const name of GROUPS) {
      const { element, list: place, heading } = this._groups.get(name);
      const rooms = found.filter((room) => this._model.statusOf(room) === name);
      element.hidden = rooms.length === 0;
      setText(heading, `${t(`rooms_${name}`)} · ${rooms.length}`);
      reconcile(
        place,
        rooms,
        (room) => room.id,
        (room) => this._make(room),
        (card, room) => this._fill(card, room),
      );
    }
    setText(this._count, total ? count("roomsTotal", total) : "");
    this._empty.hidden = found.length > 0;
    setText(this._empty, list.length ? t("noRoomMatches") : t("noRooms"));
    this._more.hidden = total <= list.length;
  }

  _matches(room) {
    return `${room.name} ${room.externalId} ${room.id}`.toLowerCase().includes(this._text);
  }

  _make(room) {
    const name = h("span", { class: "room-name" });
    const external = h("span", { class: "room-external" });
    const people = h("span", { class: "room-people" });
    const when = h("span", { class: "room-when" });
    const button = h(
      "button",
      { type: "button", class: "room-card" },
      h("span", { class: "room-dot", "aria-hidden": "true" }),
      h("span", { class: "room-title" }, name, external),
      people,
      when,
    );
    button.addEventListener("click", () => this._choose(room.id, true));
    const item = h("li", {}, button);
    item.parts = { name, external, people, when, button };
    return item;
  }

  _fill(item, room) {
    const { parts } = item;
    setText(parts.name, room.name || t("unnamed"));
    setText(parts.external, room.externalId ?? "");
    setText(parts.when, whenText(room, this._model));
    const inside = room.people?.length ?? 0;
    if (parts.inside !== inside) {
      parts.inside = inside;
      parts.people.replaceChildren(
        ...(inside
          ? [
              icon("person"),
              h("span", { text: String(inside) }),
              h("span", { class: "visually-hidden", text: t("peopleInside") }),
            ]
          : []),
      );
    }
    parts.button.className = `room-card ${this._model.statusOf(room)}`;
    setAttribute(parts.button, "aria-current", room.id === this._chosen ? "true" : null);
  }

  /** The sandbox sends no event when a room opens or ends by time alone. */
  _refetchWhenOneIsDue() {
    const now = this._model.clock.now();
    const due = this._model.rooms.list.some((room) => {
      const status = this._model.statusOf(room, now);
      const isNew = room.shownStatus !== undefined && room.shownStatus !== status;
      room.shownStatus = status;
      return isNew;
    });
    if (due) void this._model.loadRooms().catch(() => {});
  }
}

function group(name) {
  const heading = h("h2", { id: `group-${name}` });
  const list = h("ul", { class: "room-cards", "aria-labelledby": `group-${name}` });
  return {
    element: h("section", { class: "room-group", hidden: true }, heading, list),
    heading,
    list,
  };
}

/** A room's next change, and when. */
export function whenText(room, model) {
  const now = model.clock.now();
  const status = model.statusOf(room);
  if (status === "waiting") return t("opensIn", { time: countdown(Date.parse(room.nbf) - now) });
  if (status === "open") return t("endsIn", { time: countdown(Date.parse(room.exp) - now) });
  return room.endedEarly
    ? t("wasEnded")
    : t("overSince", { time: dayAndTime(Date.parse(room.exp), now) });
}
