// Decides when a connection is bad enough to report. Two bad intervals in a row raise an issue, and two
// good ones end it. A change of severity is reported immediately.

const INTERVALS = 2;

/** The thresholds: milliseconds; packetLoss is a share; the last two are seconds and times in 5 s. */
export const THRESHOLDS = {
  latency: { warning: 500, critical: 1500 },
  packetLoss: { warning: 0.01, critical: 0.1 },
  jitterVideo: { warning: 80, critical: 150 },
  jitterAudio: { warning: 35, critical: 60 },
  bandwidthLimitation: { warning: 2, critical: 4 },
  freezes: { warning: 3, critical: 10 },
};

// The type and origin that an event has for each threshold.
const NAMES = {
  latency: ["latency", "local"],
  packetLoss: ["packetLoss", "local"],
  jitterVideo: ["jitter", "video"],
  jitterAudio: ["jitter", "audio"],
  bandwidthLimitation: ["bandwidth-limitation", "local"],
  freezes: ["freezes", "video"],
};

/** The values of an interval between two samples of one peer, by threshold. */
function valuesOf(now, before) {
  const grown = (...names) => names.reduce((sum, name) => sum + now[name] - (before?.[name] || 0), 0);
  const lost = Math.max(0, grown("audioPacketsLost", "videoPacketsLost"));
  const received = grown("audioPacketsReceived", "videoPacketsReceived");
  return {
    latency: now.currentRoundTripTime * 1000,
    packetLoss: lost / Math.max(1, lost + received),
    jitterVideo: now.videoJitter * 1000,
    jitterAudio: now.audioJitter * 1000,
    bandwidthLimitation: Number(grown("videoLimitationsBandwidth")) || 0,
    freezes: grown("videoFreezes"),
  };
}

export class Quality {
  #thresholds;
  #issues = {}; // by threshold: the reported severity, and how often in a row a different one was seen
  #samples = new Map(); // the last of each peer
  #losses = [];
  #tell;

  /**
   * @param {object} thresholds Those that override THRESHOLDS.
   * @param {(status: string, detail: object) => void} tell Called with `issues` or `recovered`.
   */
  constructor(thresholds, tell) {
    this.#thresholds = { ...THRESHOLDS, ...thresholds };
    this.#tell = tell;
  }

  /** Rate an interval by its worst peer. */
  judge(samples) {
    const all = samples.map((sample) => valuesOf(sample, this.#samples.get(sample.peerId)));
    this.#samples = new Map(samples.map((sample) => [sample.peerId, sample]));
    if (all.length === 0) return;
    for (const key of Object.keys(THRESHOLDS)) {
      let value = Math.max(...all.map((values) => values[key]));
      if (key === "packetLoss") value = this.#averageLoss(value);
      this.#weigh(key, value);
    }
  }

  #averageLoss(value) {
    this.#losses = [...this.#losses, value].slice(-INTERVALS);
    return this.#losses.reduce((sum, each) => sum + each) / this.#losses.length;
  }

  #weigh(key, value) {
    const { warning, critical } = this.#thresholds[key];
    const severity = value >= critical ? "critical" : value >= warning ? "warning" : null;
    const issue = (this.#issues[key] ??= { severity: null, changes: 0 });
    if (issue.severity === severity) {
      issue.changes = 0;
      return;
    }
    issue.changes += 1;
    if (!(issue.severity && severity) && issue.changes < INTERVALS) return;
    this.#issues[key] = { severity, changes: 0 };
    const [type, origin] = NAMES[key];
    const detail = { type, origin, timestamp: Date.now() };
    if (severity) this.#tell("issues", { ...detail, severity, value });
    else this.#tell("recovered", detail);
  }
}
