/** Ctrl+S (⌘S) saves and goes on, Ctrl+Enter (⌘Enter) saves and submits. Said beside the buttons. */

const form = document.querySelector("[data-term-form]").closest("form");
const button = (name) => form.querySelector(`.save-bar [name=${name}]`);
const KEYS = { s: () => button("_continue") ?? button("_save"), Enter: () => button("_submit") };

for (const [key, find] of Object.entries(KEYS)) {
  const pressed = find();
  if (pressed) pressed.ariaKeyShortcuts = `Control+${key.toUpperCase()} Meta+${key.toUpperCase()}`;
}
for (const hint of document.querySelectorAll("[data-shortcut]")) hint.hidden = !KEYS[hint.dataset.shortcut]();

// Before the editors hear of it: Ctrl+Enter is one of their ways to break a line. Shift+Enter stays theirs.
document.addEventListener(
  "keydown",
  (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.isComposing) return;
    const pressed = KEYS[event.key === "S" ? "s" : event.key]?.();
    if (!pressed) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat && !document.querySelector("dialog[open]")) pressed.click();
  },
  true
);
