/**
 * Makes search boxes the comboboxes of ARIA 1.2, and has “/” lead to the one in sight. What they suggest comes from
 * `suggestions.js`, when somebody comes to a box.
 */
const boxes = [...document.querySelectorAll("[data-search-box]")];

for (const box of boxes) {
  box.type = "text";
  box.role = "combobox";
  box.ariaAutoComplete = "list";
  box.ariaExpanded = "false";
  box.ariaKeyShortcuts = "/";
  box.setAttribute("aria-controls", `${box.id}-list`);
}

const isField = (element) =>
  element instanceof HTMLElement && (element.isContentEditable || element.matches("input, textarea, select"));

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const box = boxes.find((found) => found.checkVisibility());
  if (!box || isField(event.target)) return;
  event.preventDefault();
  box.focus();
  box.select();
});
