// Lets the rows of a run stand still while somebody reads one of them, and its filters while
// somebody chooses: what the rows bring along for a filter is put in once it is left.
"use strict";

const renewed = new WeakMap();

function standsAsAsked(filter) {
  const asked = [...filter.options].findLastIndex((option) => option.defaultSelected);
  return filter.selectedIndex === Math.max(asked, 0);
}

function renew(filter) {
  // Otherwise the answer to what was chosen is on its way, and renews it.
  if (standsAsAsked(filter)) filter.replaceChildren(...renewed.get(filter).childNodes);
  renewed.delete(filter);
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const rows = event.detail.elt;
  if (rows.id === "rows" && rows.querySelector("details[open]")) event.preventDefault();
});

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const filter = event.detail.target;
  if (!filter.matches("select")) return;
  event.detail.shouldSwap = false;
  renewed.set(filter, event.detail.fragment);
  if (filter !== document.activeElement) renew(filter);
});

document.addEventListener("focusout", (event) => {
  if (renewed.has(event.target)) renew(event.target);
});
