// Working the queue by keyboard alone. Everything here is also a link or a button: without scripts nothing is lost.
"use strict";

const TYPING = "input, textarea, select";

function rowLinks() {
  return [...document.querySelectorAll(".cases tbody th a")];
}

function step(by) {
  const links = rowLinks();
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1);
  links[next].focus();
}

// Key → what it does. A page that lacks the thing simply does nothing.
const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  n: () => document.querySelector("#next-case button")?.click(),
  l: () => document.querySelector('.crumbs a[href="/cases"]')?.click(),
  w: () => document.getElementById("note")?.focus(),
  "/": () => document.querySelector(".filters select")?.focus(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target;
  if (target.matches?.(TYPING)) {
    // Out of the note and to its buttons without the mouse: Escape lets the single keys work again.
    if (event.key === "Escape") target.blur();
    return;
  }
  const numbered = document.querySelector(`.buttons button[aria-keyshortcuts="${CSS.escape(event.key)}"]`);
  const act = numbered ? () => numbered.click() : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
