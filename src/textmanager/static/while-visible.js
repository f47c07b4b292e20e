// Lets what a page asks for again and again rest while nobody can see the page.
"use strict";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.hasAttribute("data-while-visible")) event.preventDefault();
});
