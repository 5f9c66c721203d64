// Moves the sandbox's clock: forward, to a room's opening, and back.

import { announce } from "./announcer.js";
import { api } from "./api.js";
import { h, setText } from "./dom.js";
import { dayAndTime, fullDay, offset, roundLength, timeOfDay } from "./format.js";
import { attempt } from "./notices.js";
import { t } from "./language.js";

const STEPS = [60, 300, 3600, 10_800, 86_400]; // seconds

export class ClockView {
  constructor(model, signal) {
    this._model = model;
    this.element = this._build();
    for (const name of ["clock", "second", "rooms"])
      model.addEventListener(name, () => this._fill(), { signal });
    this._fill();
  }

  _build() {
    this._time = h("p", { class: "clock-time" });
    this._offset = h("p", { class: "clock-offset" });
    const steps = STEPS.map((seconds) =>
      this._button(`+${roundLength(seconds)}`, { advanceSeconds: seconds }),
    );
    this._back = this._button(t("backToNow"), { back: true });
    this._waiting = h("div", { class: "choices column" });
    this._none = h("p", { class: "muted", text: t("noRoomWaits") });
    return h(
      "section",
      { class: "card", "aria-labelledby": "clock-title" },
      h(
        "div",
        { class: "card-heading" },
        h("h2", { id: "clock-title", text: t("clock") }),
        this._back,
      ),
      this._time,
      this._offset,
      h("p", { class: "muted", text: t("clockIntroduction") }),
      h("h3", { text: t("forward") }),
      h("div", { class: "choices" }, ...steps),
      h("h3", { text: t("toOpening") }),
      this._waiting,
      this._none,
    );
  }

  _button(text, move) {
    const button = h("button", { type: "button", class: "button", text });
    button.addEventListener("click", () => this._move(move));
    return button;
  }

  async _move(move) {
    const clock = await attempt(() => api.moveClock(move));
    if (!clock) return;
    this._model.setClock(clock);
    announce(t("clockIsNow", { time: timeOfDay(this._model.clock.now()) }));
  }

  _fill() {
    const { clock, rooms } = this._model;
    const now = clock.now();
    setText(this._time, `${timeOfDay(now)}`);
    setText(
      this._offset,
      clock.isMoved
        ? t("clockMoved", { offset: offset(clock.offsetSeconds), day: fullDay(now) })
        : t("clockNotMoved"),
    );
    this._back.disabled = !clock.isMoved;
    this._fillWaiting(
      rooms.list.filter((room) => this._model.statusOf(room) === "waiting").slice(0, 8),
      now,
    );
  }

  _fillWaiting(rooms, now) {
    const signature = rooms.map((room) => `${room.id} ${room.nbf} ${room.name}`).join();
    this._none.hidden = rooms.length > 0;
    if (signature === this._signature) return;
    this._signature = signature;
    const buttons = rooms.map((room) =>
      this._button(`${room.name} · ${dayAndTime(Date.parse(room.nbf), now)}`, { opening: room.id }),
    );
    this._waiting.replaceChildren(...buttons);
  }
}

export function clockBadge(badge, model) {
  badge.hidden = !model.clock.isMoved;
  if (model.clock.isMoved)
    setText(
      badge.querySelector("span"),
      t("clockBadge", { offset: offset(model.clock.offsetSeconds) }),
    );
}
