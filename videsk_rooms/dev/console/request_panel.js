// One request in detail: its call's attempts, headers, bodies and actions.

import { api } from "./api.js";
import { outcome, queryText } from "./calls.js";
import { copyButton } from "./copy.js";
import { h } from "./dom.js";
import { faultOf } from "./fault_names.js";
import { count, duration, exactTime, number } from "./format.js";
import { icon } from "./icons.js";
import { bodyCode } from "./json_view.js";
import { attempt } from "./notices.js";
import { attemptCount, attemptName, outcomeLabel, pill } from "./request_row.js";
import { t } from "./language.js";

export class RequestPanel {
  constructor(model, signal, { close, choose }) {
    this._model = model;
    this._close = close;
    this._choose = choose;
    this._number = null;
    this.element = h("section", { class: "panel", "aria-labelledby": "panel-title", hidden: true });
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
    });
    model.addEventListener("requests", () => this._refresh(), { signal });
  }

  /** Show a request, or nothing. */
  async show(number, withFocus = false) {
    this._number = number;
    this.element.hidden = number === null;
    if (number === null) return;
    const request = await attempt(() => api.request(number));
    if (this._number !== number) return;
    if (request) this._draw(request);
    else this._close();
    if (request && withFocus) this.element.querySelector("h2").focus();
  }

  /** Reload when the request was answered, or its call has another attempt. */
  _refresh() {
    if (this._number === null) return;
    const known = this._model.calls.request(this._number);
    if (known && this._signature(known) !== this._drawn) void this.show(this._number);
  }

  _signature(request) {
    const call = this._model.calls.callOf(request);
    return `${request.number} ${request.status} ${request.durationMs} ${call?.attempts.length}`;
  }

  _draw(request) {
    const known = this._model.calls.request(request.number);
    this._drawn = known ? this._signature(known) : "";
    const kept = keep(this.element);
    this.element.replaceChildren(
      this._heading(request),
      this._actions(request),
      ...this._attempts(known ?? request),
      facts(request),
      ...message(t("request"), request.requestHeaders, request.requestBody),
      ...message(t("answer"), request.responseHeaders, request.responseBody, request),
    );
    kept.restore();
  }

  _heading(request) {
    const title = h(
      "h2",
      { id: "panel-title", tabindex: "-1" },
      pill(request, "large"),
      h("span", { class: "method", text: request.method }),
      h("span", { class: "address", text: request.path + queryText(request) }),
    );
    const close = h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": t("close"),
        on: { click: () => this._close() },
      },
      icon("close"),
    );
    return h("div", { class: "panel-heading" }, title, close);
  }

  _actions(request) {
    const replay = h(
      "button",
      { type: "button", class: "button small" },
      icon("again"),
      h("span", { text: t("replay") }),
    );
    replay.addEventListener("click", async () => {
      const answer = await attempt(() => api.replay(request.number));
      if (answer?.number) this._choose(answer.number, false);
    });
    return h(
      "div",
      { class: "actions" },
      copyButton(t("copyCurl"), () => request.curl),
      copyButton(t("copyPython"), () => request.python),
      replay,
    );
  }

  _attempts(request) {
    const call = this._model.calls.callOf(request);
    if (!call || call.attempts.length < 2) return [];
    const start = Date.parse(call.first.receivedAt);
    const total = Math.max(1, call.durationMs ?? Date.parse(call.last.receivedAt) - start);
    const rows = call.attempts.map((each) => this._attemptRow(call, each, start, total));
    return [
      h("h3", { text: t("oneCall", { attempts: attemptCount(call) }) }),
      h("ol", { class: "attempts" }, ...rows),
    ];
  }

  /** An attempt on a shared time axis: when it started, and how long it took. */
  _attemptRow(call, each, start, total) {
    const begun = Math.max(0, Date.parse(each.receivedAt) - start);
    const bar = h("span", { class: `bar ${outcome(each)}` });
    bar.style.left = `${(begun / total) * 100}%`;
    bar.style.width = `${((each.durationMs ?? 0) / total) * 100}%`;
    const isShown = each.number === this._number;
    const button = h(
      "button",
      { type: "button", class: "attempt-row", "aria-current": isShown ? "true" : null },
      h("span", { class: "attempt-name", text: attemptName(call, each) }),
      pill(each),
      h("span", { class: "track", "aria-hidden": "true" }, bar),
      h("span", { class: "attempt-time", text: begun ? `+${duration(begun)}` : "" }),
    );
    button.addEventListener("click", () => this._choose(each.number, false));
    return h("li", {}, button);
  }
}

/** Preserve the focus, open sections and the scroll position of a redrawn panel. */
function keep(panel) {
  const { scrollTop } = panel;
  const focusable = () => [...panel.querySelectorAll("button, summary, pre, h2")];
  const focused = focusable().indexOf(document.activeElement);
  const open = Array.from(panel.querySelectorAll("details"), (each) => each.open);
  const count = focusable().length;
  return {
    restore: () => {
      panel
        .querySelectorAll("details")
        .forEach((each, index) => (each.open = open[index] ?? false));
      panel.scrollTop = scrollTop;
      if (focused < 0) return;
      const now = focusable();
      const same = now.length === count ? now[focused] : panel.querySelector("h2");
      same.focus({ preventScroll: true });
    },
  };
}

function facts(request) {
  const rows = [
    [t("fact_number"), `#${request.number}`],
    [t("fact_operation"), request.operation ?? t("none")],
    [t("fact_outcome"), outcomeLabel(request)],
    [t("fact_fault"), faultOf(request)],
    [t("fact_processed"), t(request.processed ? "yes" : "no")],
    [t("fact_priority"), request.priority ? t(`priority_${request.priority}`) : null],
    [t("fact_duration"), request.durationMs === null ? null : duration(request.durationMs)],
    [t("fact_left"), leftText(request)],
    [t("fact_time"), exactTime(Date.parse(request.receivedAt))],
    [t("fact_requestId"), request.requestId],
  ].filter(([, value]) => value !== null && value !== undefined && value !== "");
  const made = rows.flatMap(([name, value]) => [h("dt", { text: name }), h("dd", { text: value })]);
  return h("dl", { class: "facts" }, ...made);
}

function leftText(request) {
  if (request.remaining === null || request.remaining === undefined) return null;
  return t("leftOf", { left: number(request.remaining), limit: number(request.limit) });
}

function message(title, headers, body, request) {
  if (request && ["open", "silent"].includes(outcome(request))) {
    return [h("h3", { text: title }), h("p", { class: "muted", text: outcomeLabel(request) })];
  }
  const rows = (headers ?? []).map(([name, value]) =>
    h("tr", {}, h("th", { scope: "row", text: name }), h("td", { text: value })),
  );
  const table = h("table", { class: "headers" }, h("tbody", {}, ...rows));
  const list = h("details", {}, h("summary", { text: count("headers", rows.length) }), table);
  const content = body
    ? h(
        "pre",
        { class: "body", tabindex: "0", "aria-label": `${title}: ${t("body")}` },
        bodyCode(body),
      )
    : h("p", { class: "muted", text: t("noBody") });
  return [h("h3", { text: title }), content, list];
}
