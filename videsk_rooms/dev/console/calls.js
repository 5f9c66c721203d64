// Keeps the latest requests, grouped by call. Their number is bounded.

export const KEPT_REQUESTS = 5000;

/**
 * The requests of one client call, in order of arrival. Most are attempts of one operation. A
 * call whose response was lost may also look up its outcome.
 */
class Call {
  constructor(id, attempt) {
    this.id = id;
    this.attempts = [attempt];
  }

  get first() {
    return this.attempts[0];
  }

  get last() {
    return this.attempts[this.attempts.length - 1];
  }

  get isOneOperation() {
    return this.attempts.every((each) => each.operation === this.first.operation);
  }

  /** The call's operations, each once, in order of arrival. */
  get operations() {
    return [...new Set(this.attempts.map((each) => each.operation ?? each.method))];
  }

  get wasRetried() {
    return this.attempts.some((each) => each.attempt > 1);
  }

  /** From the first attempt's arrival to the last one's response; null while that is pending. */
  get durationMs() {
    if (this.last.durationMs === null) return null;
    const waited = Date.parse(this.last.receivedAt) - Date.parse(this.first.receivedAt);
    return Math.max(0, waited) + this.last.durationMs;
  }
}

export class Calls {
  constructor(kept = KEPT_REQUESTS) {
    this.kept = kept;
    this.clear();
  }

  clear() {
    this.list = []; // oldest first
    this._requests = new Map();
    this._calls = new Map();
    this.dropped = false;
  }

  get size() {
    return this._requests.size;
  }

  get oldestNumber() {
    return this.list.length ? this.list[0].first.number : null;
  }

  request(number) {
    return this._requests.get(number);
  }

  callOf(request) {
    return this._calls.get(callId(request));
  }

  /** Add new requests, and update known ones. */
  take(summaries) {
    let sorted = true;
    for (const summary of summaries) {
      const known = this._requests.get(summary.number);
      if (known) Object.assign(known, summary);
      else sorted = this._add(summary) && sorted;
    }
    if (!sorted) this.list.sort((one, other) => one.first.number - other.first.number);
    this._drop();
  }

  _add(summary) {
    this._requests.set(summary.number, summary);
    const call = this._calls.get(callId(summary));
    if (call) return this._addAttempt(call, summary);
    const made = new Call(callId(summary), summary);
    const newest = this.list[this.list.length - 1];
    this._calls.set(made.id, made);
    this.list.push(made);
    return !newest || newest.first.number < summary.number;
  }

  _addAttempt(call, summary) {
    const isFirst = summary.number < call.first.number;
    call.attempts.push(summary);
    call.attempts.sort((one, other) => one.number - other.number);
    return !isFirst;
  }

  _drop() {
    let count = 0;
    let size = this._requests.size;
    while (size > this.kept && count < this.list.length - 1) {
      size -= this.list[count].attempts.length;
      count += 1;
    }
    if (!count) return;
    this.dropped = true;
    for (const call of this.list.splice(0, count)) {
      this._calls.delete(call.id);
      for (const attempt of call.attempts) this._requests.delete(attempt.number);
    }
  }
}

function callId(summary) {
  return summary.call === null || summary.call === undefined
    ? `request-${summary.number}`
    : String(summary.call);
}

const CLASSES = {
  "2xx": (attempt) => attempt.status >= 200 && attempt.status < 300,
  "3xx": (attempt) => attempt.status >= 300 && attempt.status < 400,
  "4xx": (attempt) => attempt.status >= 400 && attempt.status < 500,
  "5xx": (attempt) => attempt.status >= 500,
  refused: (attempt) => attempt.refused,
  silent: (attempt) => outcome(attempt) === "silent",
  open: (attempt) => outcome(attempt) === "open",
};

export const STATUS_CLASSES = [...Object.keys(CLASSES), "retried"];

/** An attempt's outcome: ok, redirect, refused, client, server, silent (no status), or open. */
export function outcome(attempt) {
  const { status } = attempt;
  if (status === null) return attempt.durationMs === null ? "open" : "silent";
  if (attempt.refused) return "refused";
  if (status >= 500) return "server";
  if (status >= 400) return "client";
  return status >= 300 ? "redirect" : "ok";
}

/** Return a filter for calls with an attempt of that status class, operation and text. */
export function callFilter({ status, operation, text }) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const ofClass = CLASSES[status];
  return (call) => {
    if (status === "retried" && !call.wasRetried) return false;
    return call.attempts.some(
      (attempt) =>
        (!ofClass || ofClass(attempt)) &&
        (!operation || attempt.operation === operation) &&
        (!words.length || contains(attempt, words)),
    );
  };
}

function contains(attempt, words) {
  const text =
    `${attempt.method} ${attempt.path}${queryText(attempt)} ${attempt.status} ${attempt.fault ?? ""} ` +
    `${attempt.operation ?? ""} ${attempt.requestId ?? ""} #${attempt.number}`;
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word));
}

/** The decoded query with its question mark, or nothing. */
export function queryText(attempt) {
  if (!attempt.query) return "";
  try {
    return `?${decodeURIComponent(attempt.query.replaceAll("+", " "))}`;
  } catch {
    return `?${attempt.query}`; // not valid UTF-8 when decoded
  }
}
