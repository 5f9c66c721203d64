// One person on the screen: the picture, and the name below it.

export class Tile {
  node = document.createElement("figure");
  video = document.createElement("video");
  #note = document.createElement("p");

  constructor(name, local) {
    const caption = document.createElement("figcaption");
    caption.textContent = name;
    this.node.className = local ? "local" : "remote";
    this.node.setAttribute("part", "participant");
    Object.assign(this.video, { autoplay: true, playsInline: true, muted: local });
    this.video.setAttribute("aria-label", name);
    this.node.append(this.video, this.#note, caption);
  }

  show(stream) {
    if (this.video.srcObject === stream) return;
    this.video.srcObject = stream;
    this.video.play().catch(({ name }) => name === "NotAllowedError" && this.#playSilently());
  }

  /** Show a message over the picture permanently. */
  tell(text) {
    this.#note.textContent = text;
  }

  /** Browsers block sound until the user has interacted with the page. */
  #playSilently() {
    this.video.muted = true;
    this.video.play().catch(() => {});
    const unmute = () => (this.video.muted = false);
    for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, unmute, { once: true });
  }

  state({ video, audio, screen }) {
    this.node.classList.toggle("dark", !video);
    this.node.classList.toggle("muted", !audio);
    this.node.classList.toggle("screen", Boolean(screen));
  }
}
