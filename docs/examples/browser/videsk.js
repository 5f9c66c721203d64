// Where the page meets Videsk's Browser SDK: the only file that knows it.
//
// Known, from https://docs.videsk.io (its source is github.com/videsk/developers-docs-es: VPaaS, and
// sdks/webrtc/README.md, metodos.md and eventos.md):
// - The module at SDK exports the class by default. It must come from there, never from a copy.
// - `new WebRTC(null, parent)` puts its element into `parent`; `await create(accessToken)` connects,
//   asking for camera and microphone; `destroy()` ends it and leaves the element where it is.
// - The event `error` has `detail.code` and `detail.message`; of a token the code is 4401 and the
//   message one of COMPLAINTS. `disconnected`: the connection to the server is lost. `hangup` is shown
//   where a page listens to events.
//
// Not known: whether `create` fails, too, when a token is refused; whether it connects again by itself
// after `disconnected`; when exactly `hangup` comes. So nothing here depends on it.

const SDK = "https://cdn.videsk.io/sdk/webrtc.esm.js";
const TOKEN_REFUSED = 4401;
const COMPLAINTS = {
  "jwt not active": "unopened",
  "jwt expired": "expired",
  "jwt malformed": "refused",
  "invalid signature": "refused",
};

/**
 * Be in a room until that is over.
 *
 * @param {string} token The access token, which is kept nowhere.
 * @param {HTMLElement} parent Where the video goes.
 * @param {AbortSignal} signal Aborted to leave.
 * @param {() => void} entered Called once the room is entered.
 * @returns {Promise<string>} How it ended: left, lost, unopened, expired, refused or failed.
 */
export async function stay(token, parent, signal, entered) {
  const { default: WebRTC } = await import(SDK).catch(() => ({}));
  if (!WebRTC) return "failed";
  if (signal.aborted) return "left";
  const webrtc = new WebRTC(null, parent);
  let over = false;
  try {
    return await new Promise((end) => {
      webrtc.addEventListener("error", ({ detail }) => {
        if (detail.code === TOKEN_REFUSED) end(COMPLAINTS[detail.message] ?? "refused");
      });
      webrtc.addEventListener("disconnected", () => end("lost"));
      webrtc.addEventListener("hangup", () => end("left"));
      signal.addEventListener("abort", () => end("left"));
      webrtc.create(token).then(
        () => over || entered(),
        (error) => end(COMPLAINTS[error?.message] ?? "failed"),
      );
    });
  } finally {
    over = true;
    webrtc.destroy();
    parent.replaceChildren();
  }
}
