// First steps while there are no requests: three lines of shell, three of Python.

import { api } from "./api.js";
import { copyButton } from "./copy.js";
import { h, setText } from "./dom.js";
import { t } from "./language.js";

const PYTHON = `from videsk_rooms import Videsk
with Videsk() as videsk:
    print(videsk.rooms.create(name="Support"))`;

export class StartPanel {
  constructor(model, signal) {
    this._model = model;
    this._exports = h("code");
    this.element = this._build();
    model.addEventListener("state", () => this._fill(), { signal });
    this._fill();
  }

  _build() {
    const copyExports = copyButton(t("copy"), () => this._shellLines(), {
      "aria-label": t("copyExports"),
    });
    const copyPython = copyButton(t("copy"), () => `${PYTHON}\n`, {
      "aria-label": t("copyPythonLines"),
    });
    return h(
      "section",
      { class: "start", "aria-labelledby": "start-title" },
      h("h2", { id: "start-title", text: t("startTitle") }),
      h("p", { class: "muted", text: t("startText") }),
      step(t("startShell"), h("pre", { tabindex: "0" }, this._exports), copyExports),
      step(t("startPython"), h("pre", { tabindex: "0" }, h("code", { text: PYTHON })), copyPython),
      h("p", { class: "muted", text: t("startThen") }),
    );
  }

  _fill() {
    const { state } = this._model;
    if (state) setText(this._exports, exportLines(state.apiTokenMasked, state.url));
  }

  /** The token is fetched only when it is copied, so that the page does not contain it before. */
  async _shellLines() {
    const { apiToken } = await api.token();
    return `${exportLines(apiToken, this._model.state.url)}\n`;
  }
}

function exportLines(token, url) {
  const variables = { API_TOKEN: token, BASE_URL: url, SDK_URL: `${url}/sdk/webrtc.esm.js` };
  const lines = Object.entries(variables).map(([name, value]) => `export VIDESK_${name}=${value}`);
  return lines.join("\n");
}

function step(title, code, button) {
  return h(
    "div",
    { class: "start-step" },
    h("div", { class: "card-heading" }, h("h3", { text: title }), button),
    code,
  );
}
