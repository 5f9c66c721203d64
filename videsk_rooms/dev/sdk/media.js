// Camera, microphone and screen of this browser: the tracks to send, and events for changes.

export const DEFAULT_CONSTRAINTS = { video: { facingMode: { ideal: "user" } }, audio: true };

export function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

export class LocalMedia extends EventTarget {
  #camera; // a stream, `undefined` before there is one
  #screen = null;
  #ends = 0; // how often everything was stopped; a request from before that is stale

  get stream() {
    return this.#camera;
  }

  /** The local picture: the screen while it is shared, otherwise the camera. */
  get shown() {
    return this.#screen ?? this.#camera;
  }

  get sharingScreen() {
    return this.#screen !== null;
  }

  get audio() {
    return this.#enabled("getAudioTracks");
  }

  set audio(on) {
    this.#enable("getAudioTracks", on);
  }

  get video() {
    return this.sharingScreen || this.#enabled("getVideoTracks");
  }

  set video(on) {
    this.#enable("getVideoTracks", on);
  }

  /** The tracks to send, by kind. */
  get tracks() {
    const [audio = null] = this.#camera?.getAudioTracks() ?? [];
    const [video = null] = this.shown?.getVideoTracks() ?? [];
    return { audio, video };
  }

  /** Request camera and microphone; nothing is sent until `replace`. */
  camera(constraints = { audio: true, video: true }) {
    return navigator.mediaDevices.getUserMedia(constraints);
  }

  devices() {
    return navigator.mediaDevices.enumerateDevices();
  }

  /** Send another stream; `undefined` stops sending. */
  replace(stream) {
    this.#camera = stream;
    this.#changed();
  }

  /** Share the screen until its track ends or `endDisplay` is called. */
  async display(constraints = { video: true }) {
    const screen = await this.#inTime(navigator.mediaDevices.getDisplayMedia(constraints));
    this.endDisplay();
    this.#screen = screen;
    screen.getVideoTracks()[0].onended = () => this.endDisplay();
    this.#changed();
    return screen;
  }

  endDisplay() {
    if (!this.#screen) return;
    stop(this.#screen);
    this.#screen = null;
    this.#changed();
  }

  /** Switch between a phone's cameras. */
  async turn() {
    const [before] = this.#camera?.getVideoTracks() ?? [];
    if (!before) return;
    const facingMode = before.getSettings().facingMode === "environment" ? "user" : "environment";
    before.stop();
    const turned = await this.#inTime(this.camera({ video: { facingMode } }));
    for (const track of this.#camera.getVideoTracks()) track.stop(); // from an earlier click
    const tracks = [...this.#camera.getAudioTracks(), ...turned.getVideoTracks()];
    this.replace(new MediaStream(tracks));
  }

  /** Stop everything; with `stopCamera` false, the camera keeps running. */
  end(stopCamera) {
    this.#ends++;
    this.endDisplay();
    if (stopCamera) stop(this.#camera);
    this.#camera = undefined;
    this.#changed();
  }

  /** Await a stream; if it arrives after the end, stop it, because nobody else would. */
  async #inTime(asked) {
    const ends = this.#ends;
    const stream = await asked;
    if (ends === this.#ends) return stream;
    stop(stream);
    throw new DOMException("the room was left meanwhile", "AbortError");
  }

  #enabled(kind) {
    return (this.#camera?.[kind]() ?? []).some((track) => track.enabled && track.readyState === "live");
  }

  #enable(kind, on) {
    for (const track of this.#camera?.[kind]() ?? []) track.enabled = Boolean(on);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
