// The page's header: navigation, the state of the connection, and badges for a moved clock and faults.

import { clockBadge } from "./clock_view.js";
import { h, oncePerFrame, setAttribute, setText } from "./dom.js";
import { faultsBadge } from "./faults_view.js";
import { timeOfDay } from "./format.js";
import { icon } from "./icons.js";
import { nextTheme, setTheme, theme } from "./settings.js";
import { language, otherLanguage, t } from "./language.js";

export const PLACES = ["requests", "rooms", "conditions"];

export class PageHead {
  constructor(model, signal, { switchLanguage }) {
    this._model = model;
    this._switchLanguage = switchLanguage;
    this._links = new Map(PLACES.map((name) => [name, placeLink(name)]));
    this.element = this._build();
    const fill = oncePerFrame(() => this._fill());
    for (const name of ["connection", "requests", "rooms", "faults", "clock", "second", "state"]) {
      model.addEventListener(name, fill, { signal });
    }
    this._fill();
  }

  setPlace(place) {
    for (const [name, { link }] of this._links) {
      setAttribute(link, "aria-current", name === place ? "page" : null);
    }
  }

  _build() {
    this._connection = h(
      "span",
      { class: "connection", role: "status" },
      h("span", { class: "connection-dot", "aria-hidden": "true" }),
      h("span"),
    );
    this._clockBadge = h(
      "a",
      { class: "badge alarm", href: "#/conditions", hidden: true },
      icon("clock"),
      h("span"),
    );
    this._faultsBadge = h(
      "a",
      { class: "badge alarm", href: "#/conditions", hidden: true },
      icon("conditions"),
      h("span"),
    );
    this._time = h("span", { class: "head-time", title: t("sandboxTime") });
    this._url = h("code", { class: "head-url" });
    const logo = h("img", { src: "/console/icon.svg", alt: "", width: 24, height: 24 });
    return h(
      "header",
      { class: "head" },
      h(
        "div",
        { class: "head-name" },
        logo,
        h("h1", { text: "Videsk Rooms" }),
        h("span", { class: "muted", text: t("localSandbox") }),
      ),
      h(
        "nav",
        { class: "places", "aria-label": t("places") },
        ...Array.from(this._links.values(), ({ link }) => link),
      ),
      h(
        "div",
        { class: "head-state" },
        this._clockBadge,
        this._faultsBadge,
        this._connection,
        this._time,
        this._url,
      ),
      h("div", { class: "head-switches" }, this._languageButton(), themeButton()),
    );
  }

  _languageButton() {
    const button = h("button", {
      type: "button",
      class: "icon-button wide",
      id: "language-switch",
      lang: otherLanguage(),
      "aria-label": t("switchLanguage"),
      text: otherLanguage(),
    });
    button.addEventListener("click", () => this._switchLanguage(otherLanguage()));
    return button;
  }

  _fill() {
    const model = this._model;
    this._connection.className = `connection ${model.connection}`;
    setText(this._connection.lastChild, t(`connection_${model.connection}`));
    setText(this._time, timeOfDay(model.clock.now()));
    setText(this._url, model.state?.url ?? "");
    clockBadge(this._clockBadge, model);
    faultsBadge(this._faultsBadge, model);
    setText(
      this._links.get("requests").number,
      model.requestsTotal ? String(model.requestsTotal) : "",
    );
    setText(this._links.get("rooms").number, model.rooms.total ? String(model.rooms.total) : "");
  }
}

function placeLink(name) {
  const counted = h("span", { class: "place-number" });
  const link = h(
    "a",
    { href: `#/${name}`, class: "place" },
    icon(name),
    h("span", { text: t(`place_${name}`) }),
    counted,
  );
  return { link, number: counted };
}

function themeButton() {
  const label = () => t("switchTheme", { theme: t(`theme_${theme()}`) });
  const button = h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label(), title: label() },
    icon("theme"),
  );
  button.addEventListener("click", () => {
    setTheme(nextTheme());
    button.setAttribute("aria-label", label());
    button.title = label();
  });
  return button;
}

/** Set the language of the whole document. */
export function declareLanguage() {
  document.documentElement.lang = language();
  document.title = `Videsk Rooms: ${t("localSandbox")}`;
}
