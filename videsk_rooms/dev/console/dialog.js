// A dialog with a form. Escape and a click outside close it, and the focus returns.

import { h } from "./dom.js";
import { t } from "./language.js";

/**
 * @param title The dialog's title.
 * @param content The fields.
 * @param action The label of the submit button.
 * @param submit Submits the form; may be async. If it throws, the dialog shows the error and stays open.
 */
export function openDialog({ title, content, action, isDangerous = false, submit }) {
  const problem = h("p", { class: "problem", role: "alert" });
  const cancel = h("button", { type: "button", class: "button", text: t("cancel") });
  const confirm = h("button", {
    type: "submit",
    class: `button ${isDangerous ? "danger" : "primary"}`,
    text: action,
  });
  const form = h(
    "form",
    { class: "dialog-form" },
    h("h2", { id: "dialog-title", text: title }),
    ...content,
    problem,
    h("div", { class: "actions end" }, cancel, confirm),
  );
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, form);
  cancel.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    confirm.disabled = true;
    problem.textContent = "";
    try {
      await submit();
      dialog.close();
    } catch (error) {
      problem.textContent = error.message || String(error);
    }
    confirm.disabled = false;
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

let fields = 0;

/** A field with its label, and a hint if there is one. */
export function labelled(label, field, hint) {
  fields += 1;
  field.id = `field-${fields}`;
  const parts = [h("label", { for: field.id, text: label }), field];
  if (hint) {
    parts.push(h("small", { id: `hint-${fields}`, class: "muted", text: hint }));
    field.setAttribute("aria-describedby", `hint-${fields}`);
  }
  return h("div", { class: "labelled" }, ...parts);
}
