// A stand-in for Videsk's Browser SDK, for local development. It is NOT Videsk's SDK: it is based only on
// the SDK's public documentation, and talks only to the sandbox of videsk-rooms. Its choices where the
// documentation is silent are listed in docs/reference/stand-in.md, "What the stand-in chooses".

import { LONGEST_MESSAGE } from "./chat.js";
import { VideskWebRTC, defineElements } from "./element.js";
import { stop } from "./media.js";
import { SCRIPT } from "./origin.js";
import { THRESHOLDS } from "./quality.js";
import { signallingUrl } from "./signalling.js";
import { Visit } from "./visit.js";

const LONGEST_ALIAS = 100; // characters; the sandbox refuses more

export class WebRTC extends EventTarget {
  static thresholds = THRESHOLDS;

  #element;
  #options;
  #alias;
  #visit = null;
  #ownCamera = false; // whether this class opened the camera, and not the page

  constructor(component, parent = document.body, options = {}) {
    super();
    this.#options = options ?? {};
    const given = component instanceof VideskWebRTC;
    this.#element = given ? component : document.createElement("videsk-webrtc");
    if (!given) (parent ?? document.body).append(this.#element);
    this.#element.afterHangup = () => this.#hangUp();
    this.#element.chatElement.addEventListener("new-message", ({ detail }) => {
      if (!detail.remote) this.#visit?.chat(detail.message);
    });
  }

  get localStream() {
    return this.#element.localMedia.stream;
  }

  get layout() {
    return this.#element.layout;
  }

  set layout(layout) {
    this.#element.layout = layout;
  }

  get alias() {
    return this.#alias;
  }

  set alias(alias) {
    if (this.#visit) console.warn("WebRTC: an alias takes effect with the next create()");
    this.#alias = String(alias ?? "").slice(0, LONGEST_ALIAS) || undefined;
  }

  /** Enter the room of a token; a live stream takes precedence over constraints. */
  async create(accessToken, constraints, stream) {
    const url = signallingUrl(SCRIPT, this.#options.websocket?.hostname);
    this.#leaveFor(stream);
    const visit = new Visit(this.#element, this.#options.thresholds, (name, detail) => {
      this.#raise(name, detail);
      if (name === "disconnected") this.#end(visit, true);
    });
    this.#visit = visit;
    try {
      await visit.enter(url, accessToken, this.#alias, () => {
        this.#ownCamera = !stream?.active;
        return this.#ownCamera ? this.#element.camera(constraints ?? this.#element.defaultConstraints) : stream;
      });
    } catch (error) {
      this.#end(visit, false);
      throw error;
    }
  }

  /** Leave the room. */
  destroy(stopCamera = true, removeElement = false) {
    if (this.#visit) this.#end(this.#visit, stopCamera);
    else if (stopCamera) stop(this.localStream);
    if (removeElement) this.#element.remove();
  }

  /** Send a chat message to everybody. */
  sendMessage(text) {
    const message = String(text);
    if (!message || message.length > LONGEST_MESSAGE) {
      throw new RangeError(`a chat message has 1 to ${LONGEST_MESSAGE} characters, not ${message.length}`);
    }
    this.#element.chatElement.add(message, true);
  }

  /** Leave a room for another. A camera that is opened again would keep running unseen, so it is stopped. */
  #leaveFor(stream) {
    const kept = new Set(stream?.getTracks());
    const tracks = this.#visit && this.#ownCamera ? this.localStream?.getTracks() : [];
    this.destroy(false);
    for (const track of tracks ?? []) if (!kept.has(track)) track.stop();
  }

  #end(visit, stopCamera) {
    visit.end();
    if (this.#visit !== visit) return;
    this.#visit = null;
    this.#element.clear(stopCamera);
  }

  #hangUp() {
    this.#raise("hangup", {});
    this.destroy();
  }

  #raise(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

defineElements();
console.info("videsk-rooms: this page uses the stand-in for local development, not Videsk's SDK");
