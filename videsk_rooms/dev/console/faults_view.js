// Faults: choose which requests fail and how, in one click.

import { api } from "./api.js";
import { announce } from "./announcer.js";
import { h, setText } from "./dom.js";
import { faultName } from "./fault_names.js";
import { BY_CHANCE, isShare, SCRIPTED, toSend } from "./fault_ways.js";
import { number, percent } from "./format.js";
import { attempt } from "./notices.js";
import { t } from "./language.js";

const SHARES = [0.1, 0.3, 0.5];

export class FaultsView {
  constructor(model, signal) {
    this._model = model;
    this.element = this._build();
    for (const name of ["faults", "state"])
      model.addEventListener(name, () => this._fill(), { signal });
    this._fill();
  }

  _build() {
    this._when = choice(
      "faults-when",
      [
        ["next", t("whenNext")],
        ["third", t("whenThird")],
        ...SHARES.map((share) => [String(share), t("whenShare", { share: percent(share) })]),
      ],
      "next",
    );
    this._operation = h("select", { class: "field", id: "faults-operation" });
    this._when.element.addEventListener("change", () => this._fillWays());
    this._hint = h("p", { class: "muted", text: t("shareHint"), hidden: true });
    this._ways = h("div", { class: "ways" });
    this._pending = h("ul", { class: "pending" });
    this._none = h("p", { class: "muted", text: t("noFaults") });
    this._clear = h("button", { type: "button", class: "button", text: t("clearFaults") });
    this._clear.addEventListener("click", () => this._clearAll());
    return h(
      "section",
      { class: "card", "aria-labelledby": "faults-title" },
      h(
        "div",
        { class: "card-heading" },
        h("h2", { id: "faults-title", text: t("faults") }),
        this._clear,
      ),
      h(
        "div",
        { class: "pending-area" },
        h("h3", { text: t("pending") }),
        this._pending,
        this._none,
      ),
      h("p", { class: "muted", text: t("faultsIntroduction") }),
      h(
        "div",
        { class: "faults-choice" },
        h("fieldset", {}, h("legend", { text: t("which") }), this._when.element),
        h(
          "div",
          { class: "labelled" },
          h("label", { for: "faults-operation", text: t("ofOperation") }),
          this._operation,
        ),
      ),
      this._hint,
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
    this._operation.replaceChildren(
      ...operations.map(([value, text]) => h("option", { value, text })),
    );
    this._fillWays();
  }

  /** Show the faults available for the chosen requests. */
  _fillWays() {
    const kinds = this._model.state?.faultKinds ?? [];
    const known = ({ kind }) => kind === undefined || kinds.includes(kind);
    const ways = isShare(this._when.value()) ? BY_CHANCE : SCRIPTED;
    const groups = ways.map((way) => ({ ...way, faults: way.faults.filter(known) }));
    this._hint.hidden = ways !== BY_CHANCE;
    this._ways.replaceChildren(...groups.map((group) => this._group(group)));
  }

  _group({ title, faults, takesStatus }) {
    const buttons = faults.map((fault) => this._button(fault));
    if (takesStatus) buttons.push(this._ownStatus());
    return h(
      "div",
      { class: "way-group", role: "group", "aria-label": t(title) },
      h("h3", { text: t(title) }),
      h("div", { class: "way-buttons" }, ...buttons),
    );
  }

  _button(fault) {
    const button = h(
      "button",
      { type: "button", class: "way" },
      h("span", { class: "way-name", text: faultName(fault) }),
      h("span", { class: "way-what", text: t(fault.what ?? `fault_${fault.kind}_what`) }),
    );
    button.addEventListener("click", () => this._add(fault));
    return button;
  }

  /** Any status without a button. */
  _ownStatus() {
    const status = h("input", {
      type: "number",
      class: "field",
      min: 200,
      max: 599,
      value: 422,
      required: true,
      "aria-label": t("ownStatus"),
    });
    const add = h("button", { type: "submit", class: "button small", text: t("add") });
    const form = h("form", { class: "way own-status" }, status, add);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this._add({ kind: "status", status: Number(status.value) });
    });
    return form;
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

/** Describe a scripted fault, such as `Status 503 · create · 1 more time`. */
function pendingText(fault) {
  const words = [faultName(fault), onText(fault.on)];
  if (fault.every > 1) words.push(t("everyNth", { n: fault.every }));
  if (fault.left === null && !(fault.every > 1)) words.push(t("always"));
  if (fault.left) words.push(t(fault.left === 1 ? "once" : "timesLeft", { n: number(fault.left) }));
  return words.join(" · ");
}

function randomText({ share, kinds, on }) {
  const names =
    kinds.length < 5 ? kinds.map((kind) => t(`fault_${kind}`)).join(", ") : t("anyKind");
  return [names, onText(on), t("whenShare", { share: percent(share) })].join(" · ");
}

function onText(on) {
  if (!on || !on.length) return t("everyOperation");
  return Array.isArray(on) ? on.join(", ") : on;
}

/** A row of radio buttons, so that the arrow keys work. */
function choice(name, options, chosen) {
  const inputs = options.map(([value]) =>
    h("input", { type: "radio", name, value, checked: value === chosen }),
  );
  const labels = options.map(([, text], index) =>
    h("label", {}, inputs[index], h("span", { text })),
  );
  const element = h("div", { class: "segments" }, ...labels);
  return { element, value: () => inputs.find((input) => input.checked).value };
}

/** The text of the badge in the page's header. */
export function faultsBadge(badge, model) {
  const total = model.faults.pending.length + (model.faults.random ? 1 : 0);
  badge.hidden = total === 0;
  if (total) setText(badge.querySelector("span"), t("faultsOn", { n: total }));
}
