// The page's data about the sandbox. Views listen for change events by name.

import { api } from "./api.js";
import { Calls } from "./calls.js";
import { Clock, roomStatus } from "./clock.js";
import { Connection } from "./connection.js";

const FIRST_REQUESTS = 200;
const ROOMS_A_PAGE = 200;
const LIMIT_PAUSE = 400; // milliseconds between two polls of the limit
const MEMORY_SECONDS = 60;

export class Model extends EventTarget {
  constructor() {
    super();
    this.connection = "connecting";
    this.state = null;
    this.clock = new Clock();
    this.calls = new Calls();
    this.requestsTotal = 0;
    this.rooms = { total: 0, list: [], shown: ROOMS_A_PAGE };
    this.faults = { pending: [], random: null };
    this.limit = { limit: null, now: 0, seconds: [] };
    this._roomsNow = null; // the running fetch of the rooms
    this._roomsNext = null; // the one after it
    this._limitAsked = false;
    this._quietAfter = 0;
    this._stream = new Connection(
      () => this._load(),
      (type, content) => this._receive(type, content),
      (state) => this._connectionIs(state),
    );
  }

  start() {
    void this._stream.open();
    setInterval(() => this._second(), 1000);
    // A hidden page does not poll the limit.
    document.addEventListener("visibilitychange", () => this._planLimit());
  }

  get hasFaults() {
    return this.faults.pending.length > 0 || this.faults.random !== null;
  }

  room(id) {
    return this.rooms.list.find((room) => room.id === id);
  }

  statusOf(room) {
    return roomStatus(room, this.clock.now());
  }

  /** Fetch the rooms. Callers during a fetch share a second one, which starts after it. */
  loadRooms() {
    if (this._roomsNow) {
      this._roomsNext ??= this._roomsNow
        .catch(() => {})
        .then(() => {
          this._roomsNext = null;
          return this.loadRooms();
        });
      return this._roomsNext;
    }
    this._roomsNow = this._fetchRooms().finally(() => {
      this._roomsNow = null;
    });
    return this._roomsNow;
  }

  async _fetchRooms() {
    const { total, rooms } = await api.rooms(this.rooms.shown);
    const now = this.clock.now();
    for (const room of rooms) {
      room.endedEarly = room.status === "over" && Date.parse(room.exp) > now + 1000;
    }
    this.rooms.total = total;
    this.rooms.list = rooms;
    this._say("rooms");
  }

  async showMoreRooms() {
    this.rooms.shown += ROOMS_A_PAGE;
    await this.loadRooms();
  }

  /** Fetch requests older than the known ones; false if there are none. */
  async loadOlderRequests() {
    const before = this.calls.oldestNumber;
    if (before === null || before <= 1 || this.calls.size >= this.calls.kept - FIRST_REQUESTS) {
      return false;
    }
    const { requests } = await api.requests(FIRST_REQUESTS, before);
    this.calls.take(requests.reverse());
    this._say("requests");
    return requests.length > 0;
  }

  async clearRequests() {
    await api.clearRequests();
    this.calls.clear();
    this._say("requests");
  }

  setFaults(faults) {
    this.faults = faults;
    this._say("faults");
  }

  setClock(clock) {
    this.clock.set(clock);
    this._say("clock");
    this._loadRoomsQuietly();
  }

  /** Errors are ignored, because the stream reports a lost connection. */
  _loadRoomsQuietly() {
    this.loadRooms().catch(() => {});
  }

  async _load() {
    const state = await api.state();
    this.state = state;
    this.clock.set(state);
    const [requests, faults] = await Promise.all([
      api.requests(FIRST_REQUESTS),
      api.faults(),
      this.loadRooms(),
      this._lookAtLimit(),
    ]);
    this.calls.clear();
    this.calls.take(requests.requests.reverse());
    this.requestsTotal = state.requestsTotal;
    this._count(requests.requests);
    this.faults = faults;
    for (const name of ["state", "requests", "faults", "clock"]) this._say(name);
    return state.lastEventId;
  }

  _receive(type, content) {
    if (type === "request") this._takeRequests(content);
    else if (type === "rooms") this._loadRoomsQuietly();
    else if (type === "faults") this.setFaults(content);
    else if (type === "clock") this.setClock(content);
    else if (type === "people") this._takePeople(content);
    else if (type === "measurement") this._say("measurement", content.roomId);
  }

  _takeRequests(summaries) {
    this.calls.take(summaries);
    this._count(summaries);
    this._quietAfter = performance.now() + (MEMORY_SECONDS + 2) * 1000;
    this._say("requests");
    this._planLimit();
  }

  /** Requests are numbered from 1, so the highest number is the total. */
  _count(summaries) {
    for (const { number } of summaries) {
      if (number > this.requestsTotal) this.requestsTotal = number;
    }
  }

  _takePeople({ roomId, people }) {
    const room = this.room(roomId);
    if (!room) return;
    room.people = people;
    this._say("rooms");
  }

  _planLimit() {
    if (this._limitAsked || document.hidden) return;
    this._limitAsked = true;
    setTimeout(() => {
      this._limitAsked = false;
      this._lookAtLimit().catch(() => {});
    }, LIMIT_PAUSE);
  }

  async _lookAtLimit() {
    this.limit = await api.limit();
    if (this.limit.seconds.some(hasRequests)) {
      this._quietAfter = Math.max(this._quietAfter, performance.now() + 2000);
    }
    this._say("limit");
  }

  _second() {
    this._say("second");
    const isQuiet = performance.now() > this._quietAfter;
    if (this.connection === "open" && !isQuiet) this._planLimit();
  }

  _connectionIs(state) {
    if (state === this.connection) return;
    this.connection = state;
    this._say("connection");
  }

  _say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

export function hasRequests(second) {
  return second.interactive + second.background + second.other + second.refused > 0;
}
