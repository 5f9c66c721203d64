// The origin of this script, which also serves the signalling.

export const SCRIPT = import.meta.url;
