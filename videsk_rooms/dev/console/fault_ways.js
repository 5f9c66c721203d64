// The faults that have a button.

const STATUSES = [500, 502, 503, 504, 401, 403, 404];

/** Each is the body to send, except `name` and `what`, which are keys of words. */
export const SCRIPTED = [
  {
    title: "faults_answers",
    takesStatus: true,
    faults: [
      ...STATUSES.map((status) => ({ kind: "status", status })),
      { kind: "status", status: 429, retryAfter: 1, what: "fault_retryAfter_what" },
      { kind: "status", status: 504, processed: true, what: "fault_processed_what" },
      { kind: "html", status: 403 },
      { kind: "html", status: 503 },
    ],
  },
  {
    title: "faults_connection",
    faults: [
      { kind: "drop-before" },
      { kind: "drop-after" },
      { kind: "drop-before", reset: true, name: "fault_reset", what: "fault_reset_what" },
      { kind: "truncated" },
      { kind: "garbage-line" },
    ],
  },
  {
    title: "faults_slow",
    faults: [1, 5, 30].map((seconds) => ({ kind: "delay", seconds })),
  },
  {
    title: "faults_content",
    faults: [
      { kind: "garbage" },
      { kind: "empty" },
      { kind: "answer", status: 302, headers: { Location: "/" } },
      { kind: "enormous" },
    ],
  },
];

/** For a share of the requests, the sandbox chooses the details. */
export const BY_CHANCE = [
  {
    title: "faults_answers",
    faults: [
      { kind: "status", what: "fault_status_chance" },
      { kind: "html", what: "fault_html_chance" },
    ],
  },
  {
    title: "faults_connection",
    faults: [
      { kind: "drop-before" },
      { kind: "drop-after" },
      { kind: "truncated" },
      { kind: "garbage-line" },
    ],
  },
  { title: "faults_slow", faults: [{ kind: "delay", what: "fault_delay_chance" }] },
  {
    title: "faults_content",
    faults: [
      { kind: "garbage" },
      { kind: "empty" },
      { kind: "enormous", what: "fault_enormous_chance" },
    ],
  },
  { title: "anyKind", faults: [{ name: "anyKind", what: "fault_any_chance" }] },
];

/** The body to send for a fault and a choice of requests: `next`, `third`, or a share. */
export function toSend({ name: _name, what: _what, ...fault }, requests) {
  if (requests === "next") return { ...fault, times: 1 };
  if (requests === "third") return { ...fault, every: 3, times: null };
  return { ...fault, share: Number(requests) };
}

export function isShare(requests) {
  return !["next", "third"].includes(requests);
}
