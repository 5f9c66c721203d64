// Where this script came from: signalling is there, too.

export const SCRIPT = import.meta.url;
