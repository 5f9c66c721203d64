// The way to the sandbox: a WebSocket that carries what people need before they reach each other.
// Videsk's own protocol is not documented; this one is told in docs/reference/stand-in.md, "Signalling".

const ERROR_NAMES = { 4401: "NotAuthenticated", 4403: "Forbidden", 4429: "TooManyRequests" };

/** What the sandbox refused, as the event `error` tells it. */
export class RefusedError extends Error {
  constructor({ code, reason }) {
    super(reason || "the connection was closed");
    this.name = ERROR_NAMES[code] ?? "GeneralError";
    this.code = code;
  }
}

/** The address of the signalling: where this script came from, unless the page names a host. */
export function signallingUrl(script, hostname) {
  const url = new URL("/exchange", hostname ?? script);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

export class Signalling {
  #socket = null;
  #left = false;
  #entered = false;
  #receive;
  #lose;

  /**
   * @param {(message: object) => void} receive Called with each message after the room is entered.
   * @param {(closed: CloseEvent) => void} lose Called when the sandbox closes an entered room.
   */
  constructor(receive, lose) {
    this.#receive = receive;
    this.#lose = lose;
  }

  /** Enter the room of a token; rejects with a RefusedError. */
  enter(url, token, alias) {
    return new Promise((resolve, reject) => {
      const socket = (this.#socket = new WebSocket(url));
      // The token goes in a message: an address would end up in logs.
      socket.onopen = () => this.send({ type: "enter", token, alias });
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (this.#entered) return this.#left || this.#receive(message);
        this.#entered = true;
        resolve(message);
      };
      // Where a policy of the page forbids the connection, Chromium does not say that it is closed.
      socket.onerror = () => this.#entered || reject(new RefusedError({ code: 1006 }));
      socket.onclose = (closed) => {
        if (!this.#entered) reject(new RefusedError(closed));
        else if (!this.#left) this.#lose(closed);
      };
    });
  }

  /** Send a message, if the connection is there. */
  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Leave the room; nothing is received any more. */
  leave() {
    if (this.#left) return;
    this.send({ type: "leave" });
    this.#left = true;
    this.#socket?.close();
  }
}
