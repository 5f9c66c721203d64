// A row in the list of requests: a call, or one of its attempts.

import { outcome, queryText } from "./calls.js";
import { h, setAttribute, setText } from "./dom.js";
import { faultOf } from "./fault_names.js";
import { count, duration, exactTime, number } from "./format.js";
import { icon } from "./icons.js";
import { t } from "./language.js";

/** An attempt's outcome, short enough for a pill. */
export function outcomeText(attempt) {
  const kind = outcome(attempt);
  if (kind === "open") return "…";
  return kind === "silent" ? t("silentShort") : String(attempt.status);
}

export function outcomeLabel(attempt) {
  const kind = outcome(attempt);
  if (kind === "open") return t("outcomeOpen");
  if (kind === "silent") return t("outcomeSilent");
  return kind === "refused"
    ? t("outcomeRefused", { status: attempt.status })
    : String(attempt.status);
}

export function pill(attempt, extra = "") {
  return h("span", {
    class: `pill ${outcome(attempt)} ${extra}`,
    text: outcomeText(attempt),
    title: outcomeLabel(attempt),
  });
}

/** An attempt's label beside the others of its call. */
export function attemptName(call, attempt) {
  if (call.isOneOperation) return t("attemptNumber", { n: attempt.attempt });
  return t("operationAttempt", {
    operation: attempt.operation ?? attempt.method,
    n: attempt.attempt,
  });
}

/** How many requests a call has; called attempts if all are of one operation. */
export function attemptCount(call) {
  return count(call.isOneOperation ? "attempts" : "requests", call.attempts.length);
}

const own = new WeakMap();

/** Add a call's rows to the list: its own, and those of its attempts if it is open. */
export function addRows(rows, call, isOpen) {
  // Cached for each call, because the list is rebuilt ten times a second.
  let row = own.get(call);
  if (!row) own.set(call, (row = { key: call.id, call, attempt: null }));
  rows.push(row);
  if (call.attempts.length < 2 || !isOpen) return;
  for (const attempt of call.attempts) {
    rows.push({ key: `${call.id}/${attempt.number}`, call, attempt });
  }
}

const CELLS = ["opener", "status", "method", "path", "attempts", "duration", "left", "time"];

export function makeRow() {
  const row = h("div", { role: "row", class: "row" });
  row.cells = {};
  for (const name of CELLS) {
    row.cells[name] = h("span", { role: "gridcell", class: `cell cell-${name}` });
    row.append(row.cells[name]);
  }
  row.cells.opener.append(icon("chevron"));
  row.cells.operation = h("span", { class: "operation" });
  row.cells.address = h("span", { class: "address" });
  row.cells.path.append(row.cells.address, row.cells.operation);
  return row;
}

export function fillRow(row, item, index, { isOpen, isChosen, isActive }) {
  const { call, attempt } = item;
  const shown = attempt ?? call.last;
  const hasAttempts = !attempt && call.attempts.length > 1;
  row.id = rowId(item.key);
  row.dataset.key = item.key;
  setAttribute(row, "aria-level", attempt ? 2 : 1);
  setAttribute(row, "aria-rowindex", index + 2);
  setAttribute(row, "aria-expanded", hasAttempts ? String(isOpen) : null);
  setAttribute(row, "aria-selected", String(isChosen));
  row.classList.toggle("attempt", Boolean(attempt));
  row.classList.toggle("has-attempts", hasAttempts);
  row.classList.toggle("active", isActive);
  fillCells(row.cells, item, shown, hasAttempts);
}

function fillCells(cells, { call, attempt }, shown, hasAttempts) {
  fillPills(cells.status, [shown]);
  // A call's row shows its first request and its last outcome. Its operations connect the two:
  // get_or_create begins with a get and may end with the 201 of a create.
  const { method, path } = call.first;
  const address = path + queryText(call.first);
  setText(cells.method, attempt ? "" : method);
  setText(cells.address, attempt ? attemptName(call, attempt) : address);
  setAttribute(cells.address, "title", attempt ? attempt.path : address);
  setText(cells.operation, attempt ? "" : operationsText(call));
  const earlier = hasAttempts ? call.attempts.slice(0, -1) : [];
  fillPills(cells.attempts, earlier, hasAttempts ? attemptCount(call) : faultText(shown));
  const took = attempt ? shown.durationMs : call.durationMs;
  setText(cells.duration, took === null ? "…" : duration(took));
  setText(cells.left, leftText(shown));
  cells.left.style.setProperty("--left", shown.limit ? shown.remaining / shown.limit : 0);
  setText(cells.time, exactTime(Date.parse(attempt ? shown.receivedAt : call.first.receivedAt)));
}

function operationsText(call) {
  return call.isOneOperation ? (call.first.operation ?? "") : call.operations.join(" → ");
}

function faultText(attempt) {
  return attempt.fault ? t("faultInRow", { fault: faultOf(attempt) }) : "";
}

function leftText(attempt) {
  if (attempt.remaining === null || attempt.remaining === undefined) return "";
  return t("leftOf", { left: number(attempt.remaining), limit: number(attempt.limit) });
}

/** Rebuild the pills only if they differ: most rows never change. */
function fillPills(cell, attempts, text = "") {
  const signature = `${attempts.map((each) => outcome(each) + outcomeText(each)).join()}|${text}`;
  if (cell.signature === signature) return;
  cell.signature = signature;
  cell.replaceChildren(...attempts.slice(-6).map((each) => pill(each)));
  if (text) cell.append(h("span", { class: "said", text }));
}

export function rowId(key) {
  return `row-${key.replace(/[^\w-]/g, "_")}`;
}
