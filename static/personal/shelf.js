/** Shows the terms that this reader saved and read last, from what the browser keeps. The page has only their places. */
import { follow, isKept, isNamed } from "./keeping.js";
import { RECENT, SAVED, clear, remove, terms } from "./lists.js";

const LISTS = { recent: RECENT, saved: SAVED };

function line(template, { slug, title }) {
  const item = template.content.cloneNode(true);
  const link = item.querySelector("a");
  link.href = link.getAttribute("href").replace("-slug-", slug);
  link.textContent = title;
  const button = item.querySelector("[data-shelf-remove]");
  if (button) {
    button.ariaLabel = button.ariaLabel.replace("-title-", title);
    button.dataset.shelfRemove = slug;
  }
  return item;
}

function show() {
  for (const part of document.querySelectorAll("[data-shelf]")) {
    const list = LISTS[part.dataset.shelf];
    const found = terms(list).slice(0, part.dataset.most);
    part
      .querySelector("[data-shelf-list]")
      .replaceChildren(...found.map((term) => line(part.querySelector("template"), term)));
    for (const some of part.querySelectorAll("[data-shelf-some]")) some.hidden = !found.length;
    for (const none of part.querySelectorAll("[data-shelf-none]")) none.hidden = found.length > 0;
    if (part.dataset.most) part.hidden = !found.length;
  }
  // Shown whole, so that nothing moves.
  for (const shelves of document.querySelectorAll("[data-shelves]")) shelves.hidden = false;
  for (const note of document.querySelectorAll("[data-shelf-passing]")) {
    note.hidden = isKept(SAVED);
    note.querySelector("[data-needs-permission]").hidden = !isNamed(SAVED);
  }
  for (const note of document.querySelectorAll("[data-shelf-kept]")) note.hidden = !isKept(SAVED);
}

document.addEventListener("click", ({ target }) => {
  const part = target.closest("[data-shelf]");
  const button = part && target.closest("[data-shelf-remove], [data-shelf-clear]");
  if (!button) return;
  if (button.dataset.shelfRemove) remove(LISTS[part.dataset.shelf], button.dataset.shelfRemove);
  else clear(LISTS[part.dataset.shelf]);
  show();
  // The button is gone, and with it the reader's place.
  part.querySelector("h2").focus();
});
follow(show);
