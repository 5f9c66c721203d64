// The dialogs that create, move and end a room.

import { api } from "./api.js";
import { labelled, openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { localField } from "./format.js";
import { t } from "./language.js";

const MINUTE = 60_000;

export function openRoomForm(model, created) {
  const name = h("input", { class: "field", maxlength: 500, autocomplete: "off", autofocus: true });
  const externalId = h("input", { class: "field", maxlength: 100, autocomplete: "off" });
  const opening = windowFields(model, {});
  openDialog({
    title: t("createRoom"),
    action: t("create"),
    content: [
      labelled(t("roomName"), name),
      labelled(t("externalId"), externalId, t("externalIdHint")),
      ...opening.elements,
    ],
    submit: async () => {
      const fields = { name: name.value.trim(), externalId: externalId.value.trim() };
      const given = Object.entries(fields).filter(([, value]) => value);
      const answer = await api.createRoom({ ...Object.fromEntries(given), ...opening.values() });
      await model.loadRooms();
      created(answer.room ?? answer);
    },
  });
}

export function openMoveForm(model, room) {
  const opening = windowFields(model, room);
  openDialog({
    title: t("moveRoom", { name: room.name }),
    action: t("move"),
    content: opening.elements,
    submit: async () => {
      await api.moveRoom(room.id, opening.values());
      await model.loadRooms();
    },
  });
}

export function openEndDialog(model, room) {
  openDialog({
    title: t("endRoom", { name: room.name }),
    action: t("end"),
    isDangerous: true,
    content: [h("p", { text: t("endRoomWarning") })],
    submit: async () => {
      await api.endRoom(room.id);
      await model.loadRooms();
    },
  });
}

/** Fields for the opening and the end, with buttons for common choices. */
function windowFields(model, room) {
  const nbf = instantField(room.nbf);
  const exp = instantField(room.exp);
  const now = () => model.clock.now();
  const opening = () => (nbf.value ? instantOf(nbf) : Date.parse(room.nbf ?? "") || now());
  const elements = [
    labelled(t("opens"), nbf, room.nbf ? null : t("opensHint")),
    choices(nbf, [
      [t("inFiveMinutes"), () => now() + 5 * MINUTE],
      [t("inOneHour"), () => now() + 60 * MINUTE],
      [t("tomorrow"), () => now() + 24 * 60 * MINUTE],
    ]),
    labelled(t("ends"), exp, room.exp ? null : t("endsHint")),
    choices(exp, [
      [t("halfAnHourLater"), () => opening() + 30 * MINUTE],
      [t("oneHourLater"), () => opening() + 60 * MINUTE],
      [t("threeHoursLater"), () => opening() + 180 * MINUTE],
    ]),
  ];
  return { elements, values: () => changed({ nbf, exp }) };
}

function instantField(value) {
  const field = h("input", { type: "datetime-local", step: 1, class: "field" });
  if (value) field.value = localField(Date.parse(value));
  field.before_ = field.value;
  return field;
}

function instantOf(field) {
  return new Date(field.value).getTime();
}

function choices(field, options) {
  const buttons = options.map(([text, instant]) => {
    const button = h("button", { type: "button", class: "button small", text });
    button.addEventListener("click", () => {
      field.value = localField(instant());
    });
    return button;
  });
  return h("div", { class: "choices" }, ...buttons);
}

/** Send only changed fields: a field shows whole seconds, and would truncate an unchanged time. */
function changed(fields) {
  const found = {};
  for (const [name, field] of Object.entries(fields)) {
    if (field.value && field.value !== field.before_) {
      found[name] = new Date(instantOf(field)).toISOString();
    }
  }
  return found;
}
