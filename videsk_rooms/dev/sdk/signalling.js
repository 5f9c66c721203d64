// A WebSocket to the sandbox for the messages with which browsers connect to each other. Videsk's own
// protocol is not documented; docs/reference/stand-in.md, "Signalling", describes this one.

const ERROR_NAMES = { 4401: "NotAuthenticated", 4403: "Forbidden", 4429: "TooManyRequests" };

/** A refusal by the sandbox, for the event `error`. */
export class RefusedError extends Error {
  constructor({ code, reason }) {
    super(reason || "the connection was closed");
    this.name = ERROR_NAMES[code] ?? "GeneralError";
    this.code = code;
  }
}

/** The signalling URL: this script's origin, unless the page gives a host. */
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
   * @param {(message: object) => void} receive Called with each message after entering the room.
   * @param {(closed: CloseEvent) => void} lose Called when the sandbox closes the connection to an entered room.
   */
  constructor(receive, lose) {
    this.#receive = receive;
    this.#lose = lose;
  }

  /** Enter the room of a token; rejects with a RefusedError. */
  enter(url, token, alias) {
    return new Promise((resolve, reject) => {
      const socket = (this.#socket = new WebSocket(url));
      // The token is sent in a message, because URLs end up in logs.
      socket.onopen = () => this.send({ type: "enter", token, alias });
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (this.#entered) return this.#left || this.#receive(message);
        this.#entered = true;
        resolve(message);
      };
      // If the page's policy forbids the connection, Chromium fires only `error` and not `close`.
      socket.onerror = () => this.#entered || reject(new RefusedError({ code: 1006 }));
      socket.onclose = (closed) => {
        if (!this.#entered) reject(new RefusedError(closed));
        else if (!this.#left) this.#lose(closed);
      };
    });
  }

  /** Send a message if connected. */
  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Leave the room; no more messages are received. */
  leave() {
    if (this.#left) return;
    this.send({ type: "leave" });
    this.#left = true;
    this.#socket?.close();
  }
}
