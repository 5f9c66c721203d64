// The 64 documented fields of the event `stats`, from the browser's own measurements. A field without a
// documented unit has that of RTCPeerConnection.getStats: seconds, bytes.

// The documented states. Browsers have further ones for pairs that are still being checked.
const STATES = new Set([
  "checking", "connected", "completed", "failed", "disconnected", "closed", "succeeded",
]);

/** The fields of one peer. */
export function statsFields(report, peerId) {
  const entries = [...report.values()];
  const transport = entries.find(({ type }) => type === "transport") ?? {};
  const pair = report.get(transport.selectedCandidatePairId) ?? nominated(entries) ?? {};
  return {
    ...identity(report, pair, peerId),
    ...inboundAudio(report, entries),
    ...outboundAudio(report, entries),
    ...inboundVideo(report, entries),
    ...outboundVideo(report, entries),
    ...connection(pair),
  };
}

function nominated(entries) {
  return entries.find(({ type, nominated }) => type === "candidate-pair" && nominated);
}

function rtp(entries, type, kind) {
  return entries.find((entry) => entry.type === type && entry.kind === kind) ?? {};
}

function mimeType(report, { codecId }) {
  return report.get(codecId)?.mimeType ?? "";
}

function identity(report, pair, peerId) {
  const local = report.get(pair.localCandidateId) ?? {};
  const remote = report.get(pair.remoteCandidateId) ?? {};
  return {
    peerId,
    ip: remote.address ?? "",
    port: remote.port ?? 0,
    protocol: local.protocol ?? "",
    networkType: local.networkType ?? "unknown",
    connectionType: local.candidateType ?? "",
    timestamp: Date.now(),
    ua: navigator.userAgent,
  };
}

function inboundAudio(report, entries) {
  const inbound = rtp(entries, "inbound-rtp", "audio");
  return {
    audioJitter: inbound.jitter ?? 0,
    audioPacketsLost: inbound.packetsLost ?? 0,
    audioPacketsReceived: inbound.packetsReceived ?? 0,
    audioInboundLevel: inbound.audioLevel ?? 0,
    audioBytesReceived: inbound.bytesReceived ?? 0,
    audioPacketsDiscarded: inbound.packetsDiscarded ?? 0,
    audioInboundMimeType: mimeType(report, inbound),
  };
}

function outboundAudio(report, entries) {
  const outbound = rtp(entries, "outbound-rtp", "audio");
  const source = report.get(outbound.mediaSourceId) ?? {};
  return {
    audioLevel: source.audioLevel ?? 0,
    audioSampleDuration: source.totalSamplesDuration ?? 0,
    audioBytesSent: outbound.bytesSent ?? 0,
    audioPacketsSent: outbound.packetsSent ?? 0,
    audioActive: outbound.active ?? false,
    audioMimeType: mimeType(report, outbound),
    audioRetransmittedBytesSent: outbound.retransmittedBytesSent ?? 0,
    audioRetransmittedPacketsSent: outbound.retransmittedPacketsSent ?? 0,
    audioTotalPacketSendDelay: outbound.totalPacketSendDelay ?? 0,
    audioNack: outbound.nackCount ?? 0,
    audioBitrate: outbound.targetBitrate ?? 0,
  };
}

function inboundVideo(report, entries) {
  const inbound = rtp(entries, "inbound-rtp", "video");
  return {
    videoJitter: inbound.jitter ?? 0,
    videoPacketsLost: inbound.packetsLost ?? 0,
    videoDecoder: inbound.decoderImplementation ?? "",
    videoIPliLoss: inbound.pliCount ?? 0,
    videoFramesDropped: inbound.framesDropped ?? 0,
    videoFreezes: inbound.freezeCount ?? 0,
    videoFreezeDuration: inbound.totalFreezesDuration ?? 0,
    videoFrames: inbound.framesReceived ?? 0,
    videoPacketsReceived: inbound.packetsReceived ?? 0,
    videoBytesReceived: inbound.bytesReceived ?? 0,
    videoInboundMimeType: mimeType(report, inbound),
  };
}

function outboundVideo(report, entries) {
  const outbound = rtp(entries, "outbound-rtp", "video");
  const limited = outbound.qualityLimitationDurations ?? {};
  return {
    videoMimeType: mimeType(report, outbound),
    videoBytesSent: outbound.bytesSent ?? 0,
    videoPacketsSent: outbound.packetsSent ?? 0,
    videoActive: outbound.active ?? false,
    videoNack: outbound.nackCount ?? 0,
    videoOPliLoss: outbound.pliCount ?? 0,
    videoLimitations: outbound.qualityLimitationReason ?? "none",
    videoLimitationsBandwidth: limited.bandwidth ?? "",
    videoLimitationsCpu: limited.cpu ?? "",
    videoLimitationsNone: limited.none ?? "",
    videoLimitationsOther: limited.other ?? "",
    videoRetransmittedBytesSent: outbound.retransmittedBytesSent ?? 0,
    videoRetransmittedPacketsSent: outbound.retransmittedPacketsSent ?? 0,
    videoTotalPacketSendDelay: outbound.totalPacketSendDelay ?? 0,
    videoBitrate: outbound.targetBitrate ?? 0,
  };
}

function connection(pair) {
  return {
    availableOutgoingBitrate: pair.availableOutgoingBitrate ?? 0,
    bytesDiscardedOnSend: pair.bytesDiscardedOnSend ?? 0,
    packetsDiscarded: pair.packetsDiscardedOnSend ?? 0,
    bytesReceived: pair.bytesReceived ?? 0,
    bytesSent: pair.bytesSent ?? 0,
    currentRoundTripTime: pair.currentRoundTripTime ?? 0,
    lastPacketReceived: pair.lastPacketReceivedTimestamp ?? 0,
    lastPacketSent: pair.lastPacketSentTimestamp ?? 0,
    packetsSent: pair.packetsSent ?? 0,
    packetsReceived: pair.packetsReceived ?? 0,
    totalRoundTripTime: pair.totalRoundTripTime ?? 0,
    state: STATES.has(pair.state) ? pair.state : "checking",
  };
}
