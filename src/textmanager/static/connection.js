// Says that a page stands still when its server cannot be reached, and takes it back afterwards.
"use strict";

const lost = "connection-lost";

document.addEventListener("htmx:sendError", () => {
  if (document.getElementById(lost)) return;
  const notice = document.createElement("p");
  notice.id = lost;
  notice.className = "notice warning";
  notice.setAttribute("role", "alert");
  notice.textContent =
    "Text Manager does not answer just now. What you see is how it was; the page tries again by itself.";
  document.getElementById("content").prepend(notice);
});

document.addEventListener("htmx:afterOnLoad", () => document.getElementById(lost)?.remove());
