// The sandbox's time, extrapolated between two messages with this machine's clock.

export class Clock {
  constructor() {
    this.offsetSeconds = 0;
    this._told = Date.now();
    this._at = performance.now();
  }

  set({ now, offsetSeconds }) {
    this._told = Date.parse(now);
    this._at = performance.now();
    this.offsetSeconds = offsetSeconds;
  }

  get isMoved() {
    return Math.abs(this.offsetSeconds) >= 1;
  }

  /** Milliseconds since 1970. */
  now() {
    return this._told + performance.now() - this._at;
  }
}

/** A room's status at an instant: `waiting`, `open` or `over`. */
export function roomStatus(room, now) {
  if (room.endedEarly || now >= Date.parse(room.exp)) return "over";
  return now < Date.parse(room.nbf) ? "waiting" : "open";
}
