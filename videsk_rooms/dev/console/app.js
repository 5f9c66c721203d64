// Builds the page, and routes by the address.

import { announcer } from "./announcer.js";
import { ClockView } from "./clock_view.js";
import { h, setText } from "./dom.js";
import { FaultsView } from "./faults_view.js";
import { Model } from "./model.js";
import { notices } from "./notices.js";
import { declareLanguage, PageHead, PLACES } from "./page_head.js";
import { RequestPanel } from "./request_panel.js";
import { RequestsView } from "./requests_view.js";
import { RoomPanel } from "./room_panel.js";
import { RoomsView } from "./rooms_view.js";
import { showTheme } from "./settings.js";
import { StartPanel } from "./start_panel.js";
import { Strip } from "./strip.js";
import { setLanguage, t } from "./language.js";

const model = new Model();
const root = document.getElementById("app");
let built = null;

/** Build the page, again after a change of language; the data stays in the model. */
function build() {
  built?.controller.abort();
  const controller = new AbortController();
  const { signal } = controller;
  declareLanguage();
  const head = new PageHead(model, signal, { switchLanguage });
  const strip = new Strip(model, signal);
  const lost = h("p", { class: "lost", role: "alert", hidden: true });
  const places = {
    requests: requestsPlace(signal),
    rooms: roomsPlace(signal),
    conditions: conditionsPlace(signal),
  };
  const main = h(
    "main",
    { id: "main", tabindex: "-1" },
    strip.element,
    ...PLACES.map((name) => places[name].element),
  );
  const skip = h("a", { class: "skip", href: "#main", text: t("skipToContent") });
  skip.addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  root.replaceChildren(skip, head.element, lost, main, notices(), announcer());
  model.addEventListener("connection", () => sayConnection(lost), { signal });
  sayConnection(lost);
  built = { controller, head, places };
  go();
}

function requestsPlace(signal) {
  const choose = (number, withFocus) => {
    list.focusWanted = withFocus;
    location.hash = `#/requests/${number}`;
    if (withFocus) void panel.show(number, true);
  };
  const close = () => {
    location.hash = "#/requests";
    list.focus();
  };
  const list = new RequestsView(model, signal, { choose });
  const panel = new RequestPanel(model, signal, { close, choose });
  const start = new StartPanel(model, signal);
  const content = h("div", { class: "beside" }, list.element, panel.element);
  const element = h(
    "div",
    { class: "place-content", data: { place: "requests" } },
    start.element,
    content,
  );
  const fill = () => {
    const isQuiet = model.state !== null && model.requestsTotal === 0;
    start.element.hidden = !isQuiet;
    content.hidden = model.state === null || isQuiet;
  };
  for (const name of ["requests", "state"]) model.addEventListener(name, fill, { signal });
  fill();
  const show = (id) => {
    const number = id === null ? null : Number(id);
    list.setChosen(number);
    content.classList.toggle("has-panel", number !== null);
    void panel.show(number, list.focusWanted);
    list.focusWanted = false;
  };
  return { element, show };
}

function roomsPlace(signal) {
  let wantsFocus = false;
  const choose = (id, withFocus = true) => {
    wantsFocus = withFocus;
    location.hash = `#/rooms/${encodeURIComponent(id)}`;
  };
  const close = () => {
    const card = element.querySelector(".room-card[aria-current=true]");
    location.hash = "#/rooms";
    card?.focus();
  };
  const list = new RoomsView(model, signal, { choose });
  const panel = new RoomPanel(model, signal, { close });
  const content = h("div", { class: "beside rooms-beside" }, list.element, panel.element);
  const element = h("div", { class: "place-content", data: { place: "rooms" } }, content);
  const show = (id) => {
    list.setChosen(id);
    content.classList.toggle("has-panel", id !== null);
    panel.show(id, wantsFocus);
    wantsFocus = false;
  };
  return { element, show };
}

function conditionsPlace(signal) {
  const faults = new FaultsView(model, signal);
  const clock = new ClockView(model, signal);
  const element = h(
    "div",
    { class: "place-content conditions", data: { place: "conditions" } },
    faults.element,
    clock.element,
  );
  return { element, show: () => {} };
}

/** Show the section that the address names, and the selected item in it. */
function go() {
  const [, asked, id] = location.hash.split("/").map(decoded);
  const place = PLACES.includes(asked) ? asked : "requests";
  built.head.setPlace(place);
  for (const name of PLACES) built.places[name].element.hidden = name !== place;
  built.places[place].show(id || null);
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return ""; // somebody typed a percent sign
  }
}

function sayConnection(lost) {
  lost.hidden = model.connection !== "lost";
  setText(lost, lost.hidden ? "" : t("connectionLost"));
}

function switchLanguage(chosen) {
  setLanguage(chosen);
  build();
  document.getElementById("language-switch").focus();
}

showTheme();
build();
window.addEventListener("hashchange", go);
model.start();
