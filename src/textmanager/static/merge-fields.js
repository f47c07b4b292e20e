// Inserts a merge field where the caret is in the message template.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-merge-field]");
  const editor = document.getElementById("id_template");
  if (!button || !editor) return;
  const field = "${" + button.dataset.mergeField + "}";
  editor.focus();
  editor.setRangeText(field, editor.selectionStart, editor.selectionEnd, "end");
  editor.dispatchEvent(new Event("input", { bubbles: true }));
});
