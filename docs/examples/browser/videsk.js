// Where the page meets Videsk's Browser SDK: the only file that knows it.
//
// Known, from https://docs.videsk.io (VPaaS, "Browser SDK"; SDKs, "WebRTC"):
// - The module at SDK exports the class by default. It must be loaded from there, never from a copy.
// - `new WebRTC(null, parent)` puts a `<videsk-webrtc>` into `parent`, `await create(accessToken)`
//   connects, and `destroy()` ends it, leaving the element where it is.
// - The event `error` has `detail.code` and `detail.message`: for a token, 4401 and one of
//   COMPLAINTS. `disconnected` says that the connection to the server is lost. Of `hangup`, only
//   a listener is shown.
//
// Not known, and so not relied on: whether `create` fails too when a token is refused, whether the
// SDK connects again after `disconnected`, and what brings `hangup` about.

const MODULE = "https://cdn.videsk.io/sdk/webrtc.esm.js";
const SDK = document.querySelector('meta[name="videsk-sdk"]')?.content || MODULE;
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
