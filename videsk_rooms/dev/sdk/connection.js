// The connection to one person. The last to arrive makes the offer, so that two offers never cross.
// Both sides have one sender of each kind from the start. Another camera or screen then only replaces
// a track, without renegotiation.

const KINDS = ["audio", "video"];
const PATIENCE = 5000; // milliseconds for the browser to find its first address

export class Connection {
  #connection = new RTCPeerConnection({ iceServers: [] }); // host candidates only: no server is contacted
  #early = []; // candidates that arrived before their description
  #signals = Promise.resolve();
  #tracks = {};
  #local;
  #send;
  #watch;
  #changed;

  /**
   * @param {boolean} offers Whether this side makes the offer.
   * @param {MediaStream} local The stream that the tracks belong to on the remote side.
   * @param {(data: object) => void} send Sends descriptions and candidates to the other side.
   * @param {(stream: MediaStream) => void} receive Called with the other side's stream.
   * @param {(state: string) => void} changed Called with each state of the connection, and with
   *   `unreachable` if the browser finds no address.
   */
  constructor({ offers, local, send, receive, changed }) {
    this.#local = local;
    this.#send = send;
    this.#changed = changed;
    const connection = this.#connection;
    connection.onicecandidate = ({ candidate }) => {
      if (!candidate) return;
      clearTimeout(this.#watch);
      send({ candidate: candidate.toJSON() });
    };
    connection.ontrack = ({ streams: [stream] }) => stream && receive(stream);
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === "failed" && offers) connection.restartIce();
      changed(connection.connectionState);
    };
    if (!offers) return;
    connection.onnegotiationneeded = () => this.#describe();
    for (const kind of KINDS) {
      connection.addTransceiver(kind, { direction: "sendrecv", streams: [local] });
    }
  }

  get state() {
    return this.#connection.connectionState;
  }

  /** Process a signal from the other side; signals are processed in order. */
  signal(data) {
    this.#signals = this.#signals.then(() => this.#take(data)).catch((error) => {
      if (this.#connection.signalingState !== "closed") console.warn("videsk-rooms stand-in:", error);
    });
  }

  /** Send these tracks from now on; a kind without a track is silent or black. */
  async setTracks(tracks) {
    this.#tracks = tracks;
    const changes = this.#connection.getTransceivers().map(({ sender, receiver }) => {
      return sender.replaceTrack(tracks[receiver.track.kind] ?? null);
    });
    await Promise.all(changes);
  }

  stats() {
    return this.#connection.getStats();
  }

  close() {
    clearTimeout(this.#watch);
    this.#connection.close();
  }

  async #describe() {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#changed("unreachable"), PATIENCE);
    await this.#connection.setLocalDescription();
    this.#send({ description: this.#connection.localDescription.toJSON() });
  }

  async #take({ description, candidate }) {
    const connection = this.#connection;
    if (description) {
      await connection.setRemoteDescription(description);
      if (description.type === "offer") {
        await this.#sendToo();
        await this.#describe();
      }
      for (const each of this.#early.splice(0)) await connection.addIceCandidate(each);
    } else if (connection.remoteDescription) {
      await connection.addIceCandidate(candidate);
    } else {
      this.#early.push(candidate);
    }
  }

  async #sendToo() {
    for (const transceiver of this.#connection.getTransceivers()) {
      transceiver.direction = "sendrecv";
      transceiver.sender.setStreams(this.#local);
    }
    await this.setTracks(this.#tracks);
  }
}
