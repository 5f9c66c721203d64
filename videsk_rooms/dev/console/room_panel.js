// One room: its window, people, tokens, authorizations and call quality.

import { copyButton } from "./copy.js";
import { h, reconcile, setAttribute, setText, svg } from "./dom.js";
import { dayAndTime, timeOfDay } from "./format.js";
import { icon } from "./icons.js";
import { MeasurementsView } from "./measurements_view.js";
import { openEndDialog, openMoveForm } from "./room_form.js";
import { whenText } from "./rooms_view.js";
import { remember, remembered } from "./settings.js";
import { language, t } from "./language.js";

export class RoomPanel {
  constructor(model, signal, { close }) {
    this._model = model;
    this._id = null;
    this._measurements = new MeasurementsView(model, signal);
    this.element = h("section", { class: "panel", "aria-labelledby": "room-title", hidden: true });
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
    });
    this._build(close);
    for (const name of ["rooms", "clock", "second"]) {
      model.addEventListener(name, () => this._fill(), { signal });
    }
  }

  show(id, withFocus = false) {
    this._id = id;
    this._fill();
    this._measurements.show(id);
    if (id !== null && withFocus) this._title.focus();
  }

  _build(close) {
    this._title = h("h2", { id: "room-title", tabindex: "-1" });
    this._badge = h("span", { class: "badge" });
    this._when = h("p", { class: "room-when" });
    const closer = h(
      "button",
      { type: "button", class: "icon-button", "aria-label": t("close"), on: { click: close } },
      icon("close"),
    );
    this._window = h("div", { class: "window" });
    this._facts = h("dl", { class: "facts" });
    this._people = section(t("peopleNow"), t("nobodyInside"));
    this._tokens = section(t("tokens"), t("noTokens"));
    this._authorizations = section(t("authorizations"), t("noAuthorizations"));
    this.element.append(
      h(
        "div",
        { class: "panel-heading" },
        h("div", { class: "room-heading" }, this._title, this._badge),
        closer,
      ),
      this._when,
      this._window,
      this._join(),
      this._people.element,
      this._measurements.element,
      this._tokens.element,
      this._authorizations.element,
      this._facts,
      h(
        "div",
        { class: "actions" },
        copyButton(t("copyId"), () => this._id),
      ),
    );
  }

  _join() {
    const alias = h("input", {
      class: "field grow",
      maxlength: 60,
      autocomplete: "name",
      "aria-label": t("joinAs"),
      placeholder: t("yourName"),
    });
    alias.value = remembered("alias") ?? "";
    this._joinButton = h(
      "button",
      { type: "submit", class: "button primary" },
      icon("outside"),
      h("span", { text: t("joinAs") }),
    );
    const form = h("form", { class: "actions" }, alias, this._joinButton);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      remember("alias", alias.value.trim());
      const query = new URLSearchParams({
        room: this._id,
        alias: alias.value.trim() || t("guest"),
        lang: language(),
      });
      window.open(`/call?${query}`, "_blank", "noopener");
    });
    const move = h(
      "button",
      { type: "button", class: "button" },
      icon("clock"),
      h("span", { text: t("moveWindow") }),
    );
    this._end = h("button", { type: "button", class: "button danger-text", text: t("end") });
    move.addEventListener("click", () => openMoveForm(this._model, this._room));
    this._end.addEventListener("click", () => openEndDialog(this._model, this._room));
    form.append(move, this._end);
    return form;
  }

  get _room() {
    return this._id === null ? undefined : this._model.room(this._id);
  }

  _fill() {
    const room = this._room;
    this.element.hidden = room === undefined;
    if (!room) return;
    const status = this._model.statusOf(room);
    const now = this._model.clock.now();
    setText(this._title, room.name || t("unnamed"));
    setText(this._badge, t(`status_${status}`));
    this._badge.className = `badge ${status}`;
    setText(this._when, whenText(room, this._model));
    this._end.hidden = status === "over";
    this._fillWindow(room, now, status);
    this._fillLists(room, now);
    fillFacts(this._facts, room, now);
  }

  /** Draw the room's window as a line, with the current time. */
  _fillWindow(room, now, status) {
    const [nbf, exp] = [Date.parse(room.nbf), Date.parse(room.exp)];
    const share = Math.min(Math.max((now - nbf) / Math.max(exp - nbf, 1), 0), 1);
    const width = Math.round(share * 1000) / 10;
    const signature = `${nbf} ${exp} ${width} ${status} ${dayAndTime(nbf, now)}`;
    if (this._window.signature === signature) return;
    this._window.signature = signature;
    const line = svg(
      "svg",
      {
        class: `window-line ${status}`,
        viewBox: "0 0 100 6",
        preserveAspectRatio: "none",
        "aria-hidden": "true",
      },
      svg("rect", { class: "window-all", width: 100, height: 6, rx: 1 }),
      svg("rect", { class: "window-past", width, height: 6, rx: 1 }),
    );
    const ends = h(
      "div",
      { class: "window-ends" },
      h("span", { text: `${t("opens")} ${dayAndTime(nbf, now)}` }),
      h("span", { text: `${t("ends")} ${dayAndTime(exp, now)}` }),
    );
    this._window.replaceChildren(line, ends);
  }

  _fillLists(room, now) {
    const { people = [], tokens = [], authorizations = [] } = room;
    fillSection(this._people, people.length, people.slice(0, LISTED).map(personEntry));
    const issued = tokens.slice(0, LISTED).map((token) => tokenEntry(token, now));
    const isAll = tokens.length < KEPT_TOKENS;
    fillSection(this._tokens, isAll ? tokens.length : `${KEPT_TOKENS}+`, issued);
    const latest = authorizations.slice(-LISTED).reverse();
    const came = latest.map((entry) => authorizationEntry(entry, now));
    fillSection(this._authorizations, room.authorizationsTotal, came);
  }
}

const KEPT_TOKENS = 50; // how many tokens of a room the sandbox keeps
const LISTED = 20; // the latest of each kind: a room may have thousands

function section(title, none) {
  const heading = h("h3", { text: title });
  const list = h("ul", { class: "entries" });
  const empty = h("p", { class: "muted", text: none });
  const element = h("section", { "aria-label": title }, heading, list, empty);
  return { element, heading, list, empty, title };
}

function personEntry(person) {
  const time = timeOfDay(Date.parse(person.since));
  return { key: person.peer, name: person.alias || t("guest"), detail: t("since", { time }) };
}

function tokenEntry(token, now) {
  const name = `${t("issued")} ${timeOfDay(Date.parse(token.issuedAt))}`;
  return { key: token.jti, name, detail: tokenWindow(token, now), code: token.jti };
}

function authorizationEntry({ ip, jti, createdAt }, now) {
  const name = dayAndTime(Date.parse(createdAt), now);
  return { key: `${jti} ${createdAt}`, name, detail: ip, code: jti };
}

function fillSection({ heading, list, empty, title }, total, entries) {
  setText(heading, entries.length ? `${title} · ${total}` : title);
  empty.hidden = entries.length > 0;
  reconcile(
    list,
    entries,
    (entry) => entry.key,
    makeEntry,
    (item, entry) => {
      setText(item.children[0], entry.name);
      setText(item.children[1], entry.detail);
      setText(item.children[2], entry.code ?? "");
    },
  );
}

function makeEntry() {
  return h(
    "li",
    {},
    h("span", { class: "entry-name" }),
    h("span", { class: "entry-detail" }),
    h("code", { class: "entry-code" }),
  );
}

function tokenWindow(token, now) {
  const [nbf, exp] = [Date.parse(token.nbf), Date.parse(token.exp)];
  const window = `${dayAndTime(nbf, now)} – ${dayAndTime(exp, now)}`;
  if (now >= exp) return `${window} · ${t("tokenExpired")}`;
  return now < nbf ? `${window} · ${t("tokenNotActive")}` : `${window} · ${t("tokenActive")}`;
}

function fillFacts(list, room, now) {
  const rows = [
    ["id", room.id],
    ["externalId", room.externalId],
    [t("created"), dayAndTime(Date.parse(room.createdAt), now)],
    ["settings", Object.keys(room.settings ?? {}).length ? JSON.stringify(room.settings) : null],
  ].filter(([, value]) => value);
  const signature = JSON.stringify(rows);
  if (list.signature === signature) return;
  list.signature = signature;
  list.replaceChildren(
    ...rows.flatMap(([name, value]) => [h("dt", { text: name }), h("dd", { text: value })]),
  );
  setAttribute(list, "aria-label", t("facts"));
}
