/** Leads from the summary of what is wrong to the fields, also to those that an editor or a list stands for. */

const summary = document.querySelector("[data-problems]");

// What a person writes into: the editor or select2's box instead of the field that it hides.
const placeOf = (field) =>
  field.closest(".prose-editor")?.querySelector(".ProseMirror") ??
  field.closest(".form-row")?.querySelector(".select2-search__field, [role=combobox]") ??
  field;

function lead(event) {
  const field = document.getElementById(event.target.closest("a")?.hash.slice(1) ?? "");
  if (!field) return;
  const hidden = field.offsetParent === null || field.type === "hidden" || field.matches(".select2-hidden-accessible");
  if (!hidden && !field.matches("input, textarea, select")) return;
  event.preventDefault();
  const folded = field.closest("details");
  if (folded) folded.open = true;
  const place = hidden ? placeOf(field) : field;
  place.scrollIntoView({ block: "center" });
  place.focus({ preventScroll: true });
}

if (summary) {
  summary.addEventListener("click", lead);
  summary.focus();
}
