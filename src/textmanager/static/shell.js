// Folds the navigation, chooses light or dark, and closes menus; the first two are remembered.
"use strict";

const root = document.documentElement;

function remember(name, value) {
  root.dataset[name] = value;
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
}

function showChoices() {
  const fold = document.querySelector(".fold");
  if (fold) fold.setAttribute("aria-expanded", String(root.dataset.nav !== "folded"));
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    const chosen = button.dataset.themeChoice === (root.dataset.theme || "auto");
    button.setAttribute("aria-pressed", String(chosen));
  }
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open], .shell details[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  const theme = event.target.closest("[data-theme-choice]");
  if (theme) remember("theme", theme.dataset.themeChoice);
  if (event.target.closest(".fold")) remember("nav", root.dataset.nav === "folded" ? "open" : "folded");
  if (theme || event.target.closest(".fold")) showChoices();
  closeMenus(event.target.closest("details.menu, .shell details"));
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.activeElement.closest("details.menu[open], .shell details[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

showChoices();
for (const hidden of document.querySelectorAll("[data-needs-script]")) hidden.hidden = false;
