// The page of a ticket. When the person wants to enter, it asks the backend for an access token and
// hands it to Videsk's SDK. The token is in no other place: not in the address, the document, a
// storage, a cookie or the console.

import { stay } from "./videsk.js";
import { inWords, language, onTheClock, timeOf, words } from "./words.js";

const TRIES = 5; // in a row, before it is left to the person
const PATIENCE = 30_000; // milliseconds for an answer of the backend, which gives up sooner
const SOON = 5; // seconds until what is transient is tried again, where nobody says
const TICK = 200; // milliseconds
const LONG = 60_000; // milliseconds of a stay after which tries are counted anew

const REFUSALS = { 404: "missing", 409: "changed", 410: "over" };
const PASSING = [429, 502, 503, 504];
// What the SDK complains of and another token may help with: after how many seconds.
const ANOTHER_TOKEN = { expired: 0, unopened: SOON };

const [title, hint, door, status, countdown, room] = [
  "title", "hint", "door", "status", "countdown", "room",
].map((id) => document.getElementById(id));
const csrf = document.querySelector('meta[name="csrf-token"]').content;

/** Ask the backend: a token, or what is in its way, and in how many seconds to ask again if at all. */
async function ask(signal) {
  let answer;
  try {
    answer = await fetch(`${location.pathname}/room`, {
      method: "POST",
      headers: { "X-CSRFToken": csrf },
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
    });
  } catch {
    return { what: "offline", again: SOON };
  }
  const told = await answer.json().catch(() => ({})); // a proxy's page is no JSON
  if (answer.ok && told.accessToken) return { token: told.accessToken };
  if (told.opensIn) return { what: "unopened", again: told.opensIn, opens: true };
  if (PASSING.includes(answer.status)) {
    return { what: "busy", again: Number(answer.headers.get("Retry-After")) || SOON };
  }
  return { what: REFUSALS[answer.status] ?? "broken" };
}

/** Show the room or the hint: a phone has no place for both. */
function show(one) {
  for (const each of [hint, room]) each.hidden = each !== one;
}

/** Tell what is in the way, and count down until it may be gone or the person gives up. */
async function pause({ what, again, opens }, signal) {
  let until = Date.now() + again * 1000;
  status.textContent = `${words[what]} ${opens ? words.opens(timeOf(until)) : words.again(inWords(again))}`;
  const goOn = () => { until = 0; };
  window.addEventListener("online", goOn, { once: true });
  while (Date.now() < until && !signal.aborted) {
    countdown.textContent = onTheClock(Math.ceil((until - Date.now()) / 1000));
    await new Promise((done) => setTimeout(done, TICK));
  }
  window.removeEventListener("online", goOn);
  countdown.textContent = "";
}

/** Enter, however often that has to be tried, and stay; returns what ended it. */
async function enter(signal) {
  for (let tries = 1; ; tries++) {
    status.textContent = words.asking;
    let outcome = await ask(signal);
    if (outcome.token) {
      status.textContent = words.connecting;
      show(room);
      const since = Date.now();
      const what = await stay(outcome.token, room, signal, () => {
        status.textContent = words.inside;
        door.textContent = words.leave;
      });
      outcome = { what, again: ANOTHER_TOKEN[what] };
      if (Date.now() - since > LONG) tries = 1;
    }
    show(hint);
    door.textContent = words.cancel;
    if (outcome.again === undefined) return outcome.what;
    if (signal.aborted) return "cancelled";
    if (tries >= TRIES) return outcome.what;
    if (outcome.again > 0) await pause(outcome, signal);
  }
}

let visit = null;

door.addEventListener("click", async () => {
  if (visit) return visit.abort();
  visit = new AbortController();
  door.textContent = words.cancel;
  let what = "broken";
  try {
    what = await enter(visit.signal);
  } finally {
    visit = null;
    show(hint);
    status.textContent = words[what];
    door.textContent = words.enter;
  }
});

document.documentElement.lang = language;
document.title = title.textContent = words.title(location.pathname.split("/").at(-1));
hint.textContent = words.hint;
door.textContent = words.enter;
door.hidden = false;
