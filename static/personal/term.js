/** On a term's page: remembers that it was read, and the button that saves it. */
import { follow, isKept, isNamed } from "./keeping.js";
import { RECENT, SAVED, has, put, remove } from "./lists.js";

const button = document.querySelector("[data-save]");
const term = { slug: button?.dataset.save, title: button?.dataset.title };
const status = document.querySelector("[data-save-status]");
let isRead = false;

function show() {
  button.ariaPressed = String(has(SAVED, term.slug));
}

button?.addEventListener("click", () => {
  if (has(SAVED, term.slug)) remove(SAVED, term.slug);
  else put(SAVED, term);
  show();
  const isSaved = has(SAVED, term.slug);
  status.querySelector("[data-save-passing]").hidden = !isSaved || isKept(SAVED);
  status.querySelector("[data-needs-permission]").hidden = !isNamed(SAVED);
  status.querySelector("[data-save-kept]").hidden = !isSaved || !isKept(SAVED);
});

if (button) {
  follow(() => {
    show();
    // Once: clearing the list in another tab isn't undone by this one.
    if (isRead || !isKept(RECENT)) return;
    isRead = true;
    put(RECENT, term);
  });
}
