// Failures on demand: which requests fail, and how, by one click.

import { api } from "./api.js";
import { announce } from "./announcer.js";
import { h, setText } from "./dom.js";
import { faultName } from "./fault_names.js";
import { number, percent } from "./format.js";
import { attempt } from "./notices.js";
import { t } from "./language.js";

/** The ways of failing that have a button of their own, with what is sent for them. */
const WAYS = [
  { title: "faults_answers", faults: [
    { kind: "status", status: 500 }, { kind: "status", status: 502 }, { kind: "status", status: 503 },
    { kind: "status", status: 504 }, { kind: "status", status: 429, retryAfter: 1 },
    { kind: "status", status: 401 }, { kind: "status", status: 403 }, { kind: "status", status: 404 },
    { kind: "html", status: 403 }, { kind: "html", status: 503 }] },
  { title: "faults_connection", faults: [
    { kind: "drop-before" }, { kind: "drop-after" }, { kind: "truncated" }, { kind: "garbage-line" }] },
  { title: "faults_slow", faults: [
    { kind: "delay", seconds: 1 }, { kind: "delay", seconds: 5 }, { kind: "delay", seconds: 30 }] },
  { title: "faults_content", faults: [
    { kind: "garbage" }, { kind: "empty" }, { kind: "answer", status: 302, headers: { Location: "/" } }, { kind: "enormous" }] },
];
const SHARES = [0.1, 0.3, 0.5];

export class FaultsView {
  constructor(model, signal) {
    this._model = model;
    this.element = this._build();
    for (const name of ["faults", "state"]) model.addEventListener(name, () => this._fill(), { signal });
    this._fill();
  }

  _build() {
    this._when = choice("faults-when", [["next", t("whenNext")], ["third", t("whenThird")], ...SHARES.map((share) => [String(share), t("whenShare", { share: percent(share) })])], "next");
    this._operation = h("select", { class: "field", id: "faults-operation" });
    this._ways = h("div", { class: "ways" });
    this._pending = h("ul", { class: "pending" });
    this._none = h("p", { class: "muted", text: t("noFaults") });
    this._clear = h("button", { type: "button", class: "button", text: t("clearFaults") });
    this._clear.addEventListener("click", () => this._clearAll());
    return h(
      "section",
      { class: "card", "aria-labelledby": "faults-title" },
      h("div", { class: "card-heading" }, h("h2", { id: "faults-title", text: t("faults") }), this._clear),
      h("div", { class: "pending-area" }, h("h3", { text: t("pending") }), this._pending, this._none),
      h("p", { class: "muted", text: t("faultsIntroduction") }),
      h(
        "div",
        { class: "faults-choice" },
        h("fieldset", {}, h("legend", { text: t("which") }), this._when.element),
        h("div", { class: "labelled" }, h("label", { for: "faults-operation", text: t("ofOperation") }), this._operation),
      ),
      this._ways,
    );
  }

  _fill() {
    const { state, faults } = this._model;
    const signature = `${state?.operations} ${state?.faultKinds}`;
    if (state && signature !== this._signature) {
      this._signature = signature;
      this._fillChoices(state);
    }
    const entries = faults.pending.map(pendingText);
    if (faults.random) entries.push(randomText(faults.random));
    this._pending.replaceChildren(...entries.map((text) => h("li", { text })));
    this._none.hidden = entries.length > 0;
    this._clear.disabled = entries.length === 0;
  }

  _fillChoices(state) {
    const operations = [["", t("everyOperation")], ...state.operations.map((name) => [name, name])];
    this._operation.replaceChildren(...operations.map(([value, text]) => h("option", { value, text })));
    const known = (fault) => state.faultKinds.includes(fault.kind);
    const groups = WAYS.map((way) => ({ ...way, faults: way.faults.filter(known) })).filter((way) => way.faults.length);
    this._ways.replaceChildren(...groups.map((way) => this._group(way)));
  }

  _group({ title, faults }) {
    const buttons = faults.map((fault) => {
      const button = h(
        "button",
        { type: "button", class: "way" },
        h("span", { class: "way-name", text: faultName(fault) }),
        h("span", { class: "way-what", text: t(`fault_${fault.kind}_what`) }),
      );
      button.addEventListener("click", () => this._add(fault));
      return button;
    });
    return h("div", { class: "way-group", role: "group", "aria-label": t(title) }, h("h3", { text: t(title) }), h("div", { class: "way-buttons" }, ...buttons));
  }

  async _add(fault) {
    const on = this._operation.value || undefined;
    const answer = await attempt(() => api.addFault({ ...toSend(fault, this._when.value()), on }));
    if (answer === undefined) return;
    announce(t("faultAdded", { fault: faultName(fault) }));
    this._model.setFaults(answer.pending ? answer : await api.faults());
  }

  async _clearAll() {
    const answer = await attempt(() => api.clearFaults());
    if (answer === undefined) return;
    announce(t("faultsCleared"));
    this._model.setFaults(answer?.pending ? answer : await api.faults());
  }
}

/** What to send. Of a share of requests the sandbox itself chooses the details. */
function toSend(fault, chosen) {
  if (chosen === "next") return { ...fault, times: 1 };
  if (chosen === "third") return { ...fault, every: 3, times: null };
  return { kind: fault.kind, share: Number(chosen) };
}

/** A scripted fault in words, such as `Status 503 · create · 1 more time`. */
function pendingText(fault) {
  const words = [faultName(fault), onText(fault.on)];
  if (fault.every) words.push(t("everyNth", { n: fault.every }));
  if (fault.left === null && !fault.every) words.push(t("always"));
  if (fault.left) words.push(t(fault.left === 1 ? "once" : "timesLeft", { n: number(fault.left) }));
  return words.join(" · ");
}

function randomText({ share, kinds, on }) {
  const names = kinds.length < 5 ? kinds.map((kind) => t(`fault_${kind}`)).join(", ") : t("anyKind");
  return [names, onText(on), t("whenShare", { share: percent(share) })].join(" · ");
}

function onText(on) {
  if (!on || !on.length) return t("everyOperation");
  return Array.isArray(on) ? on.join(", ") : on;
}

/** A row of which one is chosen; radio buttons, so that the arrow keys work. */
function choice(name, options, chosen) {
  const inputs = options.map(([value]) => h("input", { type: "radio", name, value, checked: value === chosen }));
  const labels = options.map(([, text], index) => h("label", {}, inputs[index], h("span", { text })));
  const element = h("div", { class: "segments" }, ...labels);
  return { element, value: () => inputs.find((input) => input.checked).value };
}

/** A line for the badge in the page's head. */
export function faultsBadge(badge, model) {
  const total = model.faults.pending.length + (model.faults.random ? 1 : 0);
  badge.hidden = total === 0;
  if (total) setText(badge.querySelector("span"), t("faultsOn", { n: total }));
}
