// The element <videsk-webrtc>: the participants, the buttons, the chat.

import { VideskChat } from "./chat.js";
import { DEFAULT_CONSTRAINTS, LocalMedia } from "./media.js";
import { ELEMENT_STYLE } from "./style.js";
import { Tile } from "./tile.js";
import { words } from "./words.js";

const LAYOUTS = ["grid", "sidebar"];
const BUTTONS = [
  "button-mic", "button-cam", "button-screen", "button-toggle-camera", "button-chat",
  "button-fullscreen", "button-hangup",
];
const SWITCHES = ["button-mic", "button-cam", "button-screen", "button-chat"];

function made(tag, part, ...children) {
  const node = document.createElement(tag);
  node.className = part;
  node.setAttribute("part", part);
  node.append(...children);
  return node;
}

function button(name, slotName = name) {
  const slot = document.createElement("slot");
  slot.name = slotName;
  slot.textContent = words()[name]; // a page can slot its own icon here
  const node = made("button", name, slot);
  node.type = "button";
  node.setAttribute("aria-label", words()[name]);
  return node;
}

export class VideskWebRTC extends HTMLElement {
  static observedAttributes = ["sidebar"];

  peers = new Map(); // by peer: { peer, alias, participant, stream, connected }
  localMedia = new LocalMedia();
  afterHangup = () => {}; // what the class does after hanging up, unless the page prevents it
  #chat = new VideskChat();
  #container;
  #participants = made("div", "participants");
  #buttons = made("div", "buttons");
  #own = new Tile(words().you, true);

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [ELEMENT_STYLE];
    this.#chat.setAttribute("part", "chat");
    const middle = made("div", "middle", this.#participants, this.#chat);
    const note = made("p", "stand-in", words().standIn);
    this.#container = made("div", "container", middle, this.#buttons, note);
    root.append(this.#container);
    this.#addButtons();
    this.#chat.addEventListener("unread-message", () => this.#showState());
    this.localMedia.addEventListener("change", () => this.#mediaChanged());
    this.#showState();
  }

  attributeChangedCallback() {
    this.#container.classList.toggle("sidebar", this.layout === "sidebar");
  }

  get defaultConstraints() {
    return structuredClone(DEFAULT_CONSTRAINTS);
  }

  get layout() {
    return this.hasAttribute("sidebar") ? "sidebar" : "grid";
  }

  set layout(layout) {
    if (!LAYOUTS.includes(layout)) {
      console.warn(`videsk-webrtc: the layout ${layout} is neither grid nor sidebar`);
      return;
    }
    this.toggleAttribute("sidebar", layout === "sidebar");
  }

  get video() {
    return this.localMedia.video;
  }

  set video(on) {
    this.localMedia.video = on;
  }

  get audio() {
    return this.localMedia.audio;
  }

  set audio(on) {
    this.localMedia.audio = on;
  }

  get chat() {
    return this.#chat.active;
  }

  set chat(open) {
    this.#chat.active = open;
    this.#showState();
  }

  /** The element <videsk-chat> in it. */
  get chatElement() {
    return this.#chat;
  }

  get sharingScreen() {
    return this.localMedia.sharingScreen;
  }

  get isConnectedWithPeer() {
    return [...this.peers.values()].some(({ connected }) => connected);
  }

  /** Join with this browser's camera and microphone. */
  async join(constraints = this.defaultConstraints) {
    this.localMedia.replace(await this.camera(constraints));
  }

  camera(constraints) {
    return this.#orTell({ camera: true, screen: false }, () => this.localMedia.camera(constraints));
  }

  display(constraints) {
    return this.#orTell({ camera: false, screen: true }, () => this.localMedia.display(constraints));
  }

  devices() {
    return this.localMedia.devices();
  }

  changeStream(stream) {
    if (!this.isConnectedWithPeer) throw new Error("changeStream needs somebody who is connected");
    this.localMedia.replace(stream);
  }

  /** Show another person. */
  addPeer(peer, alias, stream) {
    if (this.peers.has(peer)) return;
    const tile = new Tile(alias, false);
    tile.show(stream);
    this.peers.set(peer, { peer, alias, participant: tile.node, tile, stream, connected: false });
    this.#participants.prepend(tile.node);
    this.#raise("participant", { action: "added", participant: tile.node, peer, stream });
  }

  /** Show another person's camera and microphone state. */
  showMedia(peer, { video, audio, screen }) {
    const { tile, stream, participant } = this.peers.get(peer) ?? {};
    if (!tile) return;
    tile.state({ video, audio, screen });
    this.#raise("media:status", { video, audio, remote: true, stream, node: tile.video, participant, peer });
  }

  /** Show the state of the connection to somebody. */
  showConnection(peer, state) {
    const shown = this.peers.get(peer);
    if (!shown) return;
    shown.connected = state === "connected";
    shown.tile.tell(words()[state] ?? "");
  }

  removePeer(peer) {
    const { participant, stream } = this.peers.get(peer) ?? {};
    if (!participant) return;
    this.peers.delete(peer);
    participant.remove();
    this.#raise("participant", { action: "removed", participant, peer, stream });
  }

  /** Reset to the state before joining. */
  clear(stopCamera) {
    for (const peer of [...this.peers.keys()]) this.removePeer(peer);
    this.localMedia.end(stopCamera);
  }

  #addButtons() {
    this.#buttons.setAttribute("role", "group");
    const toggle = button("participants-toggle", "participants-toggle-icons");
    this.#buttons.append(toggle, ...BUTTONS.map((name) => button(name)));
    const actions = {
      "button-mic": () => (this.audio = !this.audio),
      "button-cam": () => (this.video = !this.video),
      "button-screen": () => (this.sharingScreen ? this.localMedia.endDisplay() : this.display()),
      "button-toggle-camera": () => this.#orTell({ camera: true, screen: false }, () => this.localMedia.turn()),
      "button-chat": () => (this.chat = !this.chat),
      "button-fullscreen": () => this.#toggleFullscreen(),
      "button-hangup": () => this.#raise("hangup", {}) && this.afterHangup(),
      "participants-toggle": () => this.#toggleParticipants(),
    };
    this.#buttons.addEventListener("click", (event) => {
      const name = event.target.closest("button")?.className;
      // The event `media:error` reports failures.
      Promise.resolve(actions[name]?.()).catch(() => {});
    });
  }

  #toggleFullscreen() {
    return document.fullscreenElement ? document.exitFullscreen() : this.requestFullscreen();
  }

  #toggleParticipants() {
    const alone = !this.#container.classList.contains("alone");
    if (!this.#raise("participants-toggle", { status: !alone })) return;
    this.#container.classList.toggle("alone", alone);
  }

  #mediaChanged() {
    const { shown, stream, video, audio, sharingScreen: screen } = this.localMedia;
    if (stream) {
      this.#own.show(shown);
      this.#own.state({ video, audio, screen });
      this.#participants.append(this.#own.node);
    } else {
      this.#own.node.remove();
    }
    this.#showState();
    const participant = this.#own.node;
    this.#raise("media:status", { video, audio, remote: false, stream, node: this.#own.video, participant, peer: null });
  }

  #showState() {
    const states = [this.audio, this.video, this.sharingScreen, this.chat];
    SWITCHES.forEach((name, index) => {
      this.#buttons.querySelector(`.${name}`)?.setAttribute("aria-pressed", String(states[index]));
    });
  }

  async #orTell(source, act) {
    try {
      return await act();
    } catch (error) {
      this.#raise("media:error", { error, ...source });
      throw error;
    }
  }

  /** Fire an event; `false` if the page called preventDefault(). */
  #raise(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, cancelable: true }));
  }
}

/** Define the elements, unless the page has already defined these names. */
export function defineElements() {
  if (!customElements.get("videsk-chat")) customElements.define("videsk-chat", VideskChat);
  if (!customElements.get("videsk-webrtc")) customElements.define("videsk-webrtc", VideskWebRTC);
}
