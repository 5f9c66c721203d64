// One stay in a room, from entering to leaving: signalling, connections, measurements.

import { LONGEST_MESSAGE } from "./chat.js";
import { Connection } from "./connection.js";
import { stop } from "./media.js";
import { Quality } from "./quality.js";
import { RefusedError, Signalling } from "./signalling.js";
import { statsFields } from "./stats.js";

const INTERVAL = 5000; // milliseconds between two measurements

export class Visit {
  #element;
  #tell;
  #signalling;
  #quality;
  #people = new Map(); // by peer: { alias, media, connection }
  #inbox = []; // messages that arrived before the camera was ready
  #local = new MediaStream(); // the stream that the tracks belong to on remote sides
  #timer;
  #peer;
  #alias;
  #over = false;
  #sendTracks = () => this.#mediaChanged();

  /**
   * @param {HTMLElement} element The <videsk-webrtc> that shows it.
   * @param {object} thresholds Quality thresholds that differ from the defaults.
   * @param {(name: string, detail: object) => void} tell Fires an event of the class.
   */
  constructor(element, thresholds, tell) {
    this.#element = element;
    this.#tell = tell;
    this.#signalling = new Signalling(
      (message) => (this.#inbox ? this.#inbox.push(message) : this.#receive(message)),
      (closed) => this.#lost(closed),
    );
    this.#quality = new Quality(thresholds, (status, detail) => this.#tellQuality(status, detail));
  }

  get over() {
    return this.#over;
  }

  /** Enter: check the token first, so that the browser does not ask for a camera in vain. */
  async enter(url, token, alias, openMedia) {
    let entered;
    try {
      entered = await this.#signalling.enter(url, token, alias);
    } catch (error) {
      this.#refuseIfOver();
      this.#tellError(error);
      throw error;
    }
    [this.#peer, this.#alias] = [entered.peer, alias ?? entered.peer];
    await this.#open(openMedia);
    for (const known of entered.peers) this.#meet(known, true);
    const early = this.#inbox;
    this.#inbox = null;
    for (const message of early) this.#receive(message);
    this.#mediaChanged();
    this.#element.localMedia.addEventListener("change", this.#sendTracks);
    this.#timer = setInterval(() => this.#measure(), INTERVAL);
  }

  chat(text) {
    if (text) this.#signalling.send({ type: "chat", text: text.slice(0, LONGEST_MESSAGE) });
  }

  /** Leave, or clean up after the sandbox closed the connection. */
  end() {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#timer);
    this.#element.localMedia.removeEventListener("change", this.#sendTracks);
    this.#signalling.leave();
    for (const { connection } of this.#people.values()) connection?.close();
    this.#people.clear();
  }

  async #open(openMedia) {
    let stream;
    try {
      stream = await openMedia();
    } catch (error) {
      this.end();
      throw error;
    }
    if (this.#over) stop(stream);
    this.#refuseIfOver();
    this.#element.localMedia.replace(stream);
  }

  #refuseIfOver() {
    if (this.#over) throw new DOMException("the room was left before it was entered", "AbortError");
  }

  #receive(message) {
    const { type, peer, from } = message;
    if (type === "joined") this.#meet(message, false);
    else if (type === "left") this.#part(peer);
    else if (type === "signal") this.#people.get(from)?.connection.signal(message.data);
    else if (type === "media") this.#showMedia(from, message);
    else if (type === "chat") this.#showChat(message);
    else if (type === "quality") this.#showQuality(message);
  }

  /** Prepare the connection to a person; the last to arrive makes the offer. */
  #meet({ peer, alias, media }, offers) {
    const connection = new Connection({
      offers,
      local: this.#local,
      send: (data) => this.#signalling.send({ type: "signal", to: peer, data }),
      receive: (stream) => this.#show(peer, stream),
      changed: (state) => this.#showConnection(peer, state),
    });
    this.#people.set(peer, { alias, media, connection });
    connection.setTracks(this.#element.localMedia.tracks);
    if (media && "video" in media) this.#showMedia(peer, media);
  }

  #show(peer, stream) {
    const { alias, media } = this.#people.get(peer) ?? {};
    if (!alias) return;
    this.#element.addPeer(peer, alias, stream);
    if (media && "video" in media) this.#element.showMedia(peer, media);
  }

  #showConnection(peer, state) {
    if (!this.#people.has(peer)) return;
    if (state === "unreachable") this.#show(peer, new MediaStream());
    this.#element.showConnection(peer, state);
  }

  #part(peer) {
    this.#people.get(peer)?.connection.close();
    this.#people.delete(peer);
    this.#element.removePeer(peer);
    this.#tell("peer:disconnect", { peer });
  }

  #showMedia(peer, { screen, video, audio, stream }) {
    const person = this.#people.get(peer);
    if (!person) return;
    person.media = { screen, video, audio, stream };
    this.#element.showMedia(peer, person.media);
    this.#tell("media-status", { screen, video, audio, stream, peer });
  }

  #showChat({ from, text }) {
    this.#element.chatElement.add(text, false);
    const alias = this.#people.get(from)?.alias;
    this.#tell("new-message", { message: text, remote: true, date: new Date(), peer: from, alias });
  }

  #showQuality({ from, status, quality, origin, severity, value, timestamp }) {
    const alias = this.#people.get(from)?.alias;
    this.#tell("peer:quality", { status, peerId: from, alias, type: quality, severity, origin, value, timestamp });
  }

  #mediaChanged() {
    const { tracks, video, audio, sharingScreen: screen } = this.#element.localMedia;
    for (const { connection } of this.#people.values()) connection.setTracks(tracks);
    this.#signalling.send({ type: "media", screen, video, audio, stream: this.#local.id });
  }

  async #measure() {
    const people = [...this.#people].filter(([, { connection }]) => connection.state === "connected");
    const samples = await Promise.all(
      people.map(async ([peer, { connection }]) => statsFields(await connection.stats(), peer)),
    );
    if (this.#over) return;
    for (const stats of samples) {
      this.#signalling.send({ type: "stats", to: stats.peerId, stats });
      this.#tell("stats", stats);
    }
    this.#quality.judge(samples);
  }

  #tellQuality(status, detail) {
    this.#tell(`quality:${status}`, detail);
    const { type: quality, ...rest } = detail;
    this.#signalling.send({ type: "quality", status, quality, ...rest });
  }

  #tellError(error, originalEvent) {
    const { code, name, message } = error;
    this.#tell("error", { code, name, message, errors: [], originalEvent });
  }

  /** Handle a closed connection: the sandbox is gone, or the room is over for this person. */
  #lost(closed) {
    if (closed.code >= 4000) this.#tellError(new RefusedError(closed), closed);
    this.#tell("disconnected", null);
  }
}
