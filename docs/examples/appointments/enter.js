// The button of an appointment's page, from its start until a while after its end.

import { stay } from "/browser/videsk.js";

const [door, status, room] = ["door", "status", "room"].map((id) => document.getElementById(id));
const WORDS = {
  left: "You have left the room.",
  lost: "The connection to the room is lost.",
  expired: "Your time in the room is over.",
};

/** Ask for a token; what is in the way is told in the answer's own words. */
async function ask() {
  const answer = await fetch(`${location.pathname}/room`, { method: "POST" }).catch(() => null);
  const told = await answer?.json().catch(() => null); // a proxy's page is no JSON
  return told ?? { detail: "The network does not answer." };
}

door.addEventListener("click", async () => {
  door.hidden = true;
  const { accessToken, detail } = await ask();
  if (accessToken) {
    room.hidden = false;
    const what = await stay(accessToken, room, new AbortController().signal, () => {
      status.textContent = "You are in the room.";
    });
    room.hidden = true;
    status.textContent = WORDS[what] ?? "The room did not let you in. Please enter again.";
  } else {
    status.textContent = detail;
  }
  door.hidden = false;
});
