// The page behind the console's "join as": it gets a token from the sandbox and enters the room.

import WebRTC from "/sdk/webrtc.esm.js";
import { drawnStream } from "./picture.js";
import { language, timeOf, words } from "./words.js";

const TOKEN_REFUSED = 4401;
const NO_CAMERA = ["NotFoundError", "NotAllowedError", "NotReadableError", "OverconstrainedError"];

const [door, alias, status, room] = ["door", "alias", "status", "room"].map((id) =>
  document.getElementById(id),
);
const parameters = new URLSearchParams(location.search);
const roomId = encodeURIComponent(parameters.get("room") ?? "");

/** Get a token from the sandbox; throws an error whose message the page shows. */
async function askForToken() {
  const answer = await fetch(`/dev/v1/rooms/${roomId}/join`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: "{}",
  }).catch(() => null);
  if (!answer) throw new Error(words.offline);
  const { accessToken, message } = await answer.json().catch(() => ({}));
  if (!accessToken) throw new Error(words.refused(message ?? answer.status));
  return accessToken;
}

/** GET a path of the sandbox. */
async function get(path) {
  return (await fetch(`/dev/v1/${path}`)).json();
}

/** Explain why a token was refused, or why somebody in the room was disconnected. */
async function told(message, wasInside) {
  if (!["jwt not active", "jwt expired"].includes(message)) return words.refused(message);
  const [room, { now }] = await Promise.all([get(`rooms/${roomId}`), get("state")]);
  if (message === "jwt not active") return words.early(timeOf(room.nbf));
  if (Date.parse(room.exp) > Date.parse(now)) return words.ended;
  return wasInside ? words.over(timeOf(room.exp)) : words.late(timeOf(room.exp));
}

/** Open the camera, or return a drawn picture if there is none. */
async function openCamera(name) {
  try {
    return await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
  } catch (error) {
    if (!NO_CAMERA.includes(error.name)) throw error;
    status.textContent = words.drawn;
    return drawnStream(name);
  }
}

/** Stay in the room until the end; returns the message to show. */
async function stay(token, name) {
  const webrtc = new WebRTC(null, room);
  webrtc.alias = name;
  let inside = false;
  try {
    return await new Promise((end) => {
      webrtc.addEventListener("error", ({ detail: { code, message } }) => {
        end(code === TOKEN_REFUSED ? told(message, inside) : words.failed(message));
      });
      webrtc.addEventListener("disconnected", () => end(words.lost));
      webrtc.addEventListener("hangup", () => end(words.left));
      openCamera(name)
        .then((stream) => webrtc.create(token, undefined, stream))
        .then(
          async () => {
            inside = true;
            const { exp } = await get(`rooms/${roomId}`);
            status.textContent = `${words.inside(timeOf(exp))} ${words.clock}`;
          },
          (error) => end(words.failed(error.message)),
        )
        .catch(() => end(words.offline));
    });
  } finally {
    webrtc.destroy(true, true);
  }
}

async function enter() {
  door.hidden = true;
  status.textContent = words.asking;
  const name = alias.value.trim();
  try {
    const token = await askForToken();
    room.hidden = false;
    status.textContent = words.connecting;
    status.textContent = await stay(token, name || undefined);
  } catch (error) {
    status.textContent = error.message;
  }
  room.hidden = true;
  door.hidden = false;
}

door.addEventListener("submit", (event) => {
  event.preventDefault();
  enter();
});

/** Show the room's title. */
async function showTitle() {
  const { name } = roomId ? await get(`rooms/${roomId}`).catch(() => ({})) : {};
  document.title = document.getElementById("title").textContent = name ?? words.title;
}

document.documentElement.lang = language;
showTitle();
document.getElementById("alias-label").textContent = words.alias;
document.getElementById("enter").textContent = words.enter;
document.getElementById("note").textContent = words.note;
alias.value = parameters.get("alias") ?? "";
if (!roomId) {
  door.hidden = true;
  status.textContent = words.noRoom;
} else if (parameters.has("alias")) {
  enter(); // the console has asked for the name already
}
