// Stands in for Videsk's Browser SDK: what is documented of it and nothing else (docs/examples/browser/
// videsk.js tells what that is), without camera, microphone and network. What the SDK's server would
// say of a token, the test says: `judge` is a function of Python.

const TOKEN_REFUSED = 4401;

class Video extends HTMLElement {
  connectedCallback() {
    this.style.cssText = "display:grid;place-items:center;height:100%;color:#fff";
    this.textContent = "▶";
  }
}
customElements.define("videsk-webrtc", Video);

export default class WebRTC extends EventTarget {
  #element;

  constructor(element, parent = document.body) {
    super();
    this.#element = element ?? parent.appendChild(document.createElement("videsk-webrtc"));
    globalThis.webrtc = this; // for the test to raise events at
  }

  async create(token) {
    const complaint = await judge(token);
    if (complaint) this.say("error", { code: TOKEN_REFUSED, message: complaint });
  }

  destroy() {
    globalThis.webrtc = undefined;
  }

  say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
