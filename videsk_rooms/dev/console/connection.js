// The event stream: reports when it is lost, and reconnects.

import { api } from "./api.js";

const FIRST_PAUSE = 500; // milliseconds
const LONGEST_PAUSE = 5000;
const TYPES = ["request", "rooms", "faults", "clock", "measurement", "people", "reset"];

export class Connection {
  /**
   * @param load Called before each stream: fetches everything, returns the id of the last event.
   * @param receive Called with the type and the content of each event.
   * @param changed Called with `connecting`, `open` or `lost`.
   */
  constructor(load, receive, changed) {
    this._load = load;
    this._receive = receive;
    this._changed = changed;
    this._pause = FIRST_PAUSE;
    this._source = null;
  }

  async open() {
    let after;
    try {
      after = await this._load();
    } catch {
      this._retry();
      return;
    }
    this._listen(after);
  }

  _listen(after) {
    const source = new EventSource(api.eventsUrl(after));
    this._source = source;
    source.onopen = () => {
      this._pause = FIRST_PAUSE;
      this._changed("open");
    };
    // The browser also reconnects by itself, but not after every kind of failure.
    source.onerror = () => this._retry();
    for (const type of TYPES) {
      source.addEventListener(type, (event) => this._heard(type, event));
    }
  }

  _heard(type, event) {
    if (type === "reset") {
      this._source.close();
      void this.open();
      return;
    }
    this._receive(type, JSON.parse(event.data));
  }

  _retry() {
    this._source?.close();
    this._source = null;
    this._changed("lost");
    setTimeout(() => void this.open(), this._pause);
    this._pause = Math.min(this._pause * 2, LONGEST_PAUSE);
  }
}
