// Lets the rows of a run stand still while somebody reads one of them.
"use strict";

document.addEventListener("htmx:beforeRequest", (event) => {
  const rows = event.detail.elt;
  if (rows.id === "rows" && rows.querySelector("details[open]")) event.preventDefault();
});
