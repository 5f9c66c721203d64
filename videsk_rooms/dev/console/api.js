// The client of the sandbox's own interface below /dev/v1, which the rate limit does not count.

const BASE = "/dev/v1";

/** An error response of the sandbox, with its message. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function send(method, path, content) {
  const options = { method, headers: {} };
  if (method !== "GET") {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(content ?? {});
  }
  const response = await fetch(BASE + path, options);
  const text = await response.text();
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch {
    throw new ApiError(response.status, text.slice(0, 200));
  }
  if (!response.ok) throw new ApiError(response.status, answer?.message ?? response.statusText);
  return answer;
}

const room = (id) => `/rooms/${encodeURIComponent(id)}`;

export const api = {
  eventsUrl: (after) => `${BASE}/events?after=${after}`,
  state: () => send("GET", "/state"),
  token: () => send("GET", "/token"),
  limit: () => send("GET", "/limit"),
  requests: (limit, before) =>
    send("GET", `/requests?limit=${limit}${before ? `&before=${before}` : ""}`),
  request: (number) => send("GET", `/requests/${number}`),
  replay: (number) => send("POST", `/requests/${number}/replay`),
  clearRequests: () => send("DELETE", "/requests"),
  rooms: (limit) => send("GET", `/rooms?limit=${limit}&skip=0`),
  createRoom: (fields) => send("POST", "/rooms", fields),
  moveRoom: (id, fields) => send("PATCH", room(id), fields),
  endRoom: (id) => send("POST", `${room(id)}/end`),
  measurements: (id) => send("GET", `${room(id)}/measurements`),
  faults: () => send("GET", "/faults"),
  addFault: (fault) => send("POST", "/faults", fault),
  clearFaults: () => send("DELETE", "/faults"),
  moveClock: (move) => send("POST", "/clock", move),
};
