// Display names of faults.

import { number } from "./format.js";
import { t } from "./language.js";

const WITH_STATUS = ["status", "html", "answer"];

/** Such as `Status 503`, `Delay 5 s` or `Dropped after`. */
export function faultName({ kind, status, seconds, name: own }) {
  const name = t(own ?? `fault_${kind}`);
  if (kind === "delay" && seconds) return `${name} ${number(seconds, 1)} s`;
  return WITH_STATUS.includes(kind) && status ? `${name} ${status}` : name;
}

/** The fault of a request, or `null`. */
export function faultOf({ fault, status }) {
  return fault ? faultName({ kind: fault, status }) : null;
}
