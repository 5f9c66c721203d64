// One person on the screen: the picture, and the name under it.

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
    if (this.video.srcObject !== stream) this.video.srcObject = stream;
  }

  /** Write something over the picture; nothing takes it away. */
  tell(text) {
    this.#note.textContent = text;
  }

  state({ video, audio, screen }) {
    this.node.classList.toggle("dark", !video);
    this.node.classList.toggle("muted", !audio);
    this.node.classList.toggle("screen", Boolean(screen));
  }
}
