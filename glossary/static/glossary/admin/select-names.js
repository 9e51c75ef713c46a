/** Gives the parts that select2 builds the names of the fields they stand for. */

const $ = window.django.jQuery;

const labelOf = (select) => select.labels?.[0]?.textContent.replace(/:\s*$/, "").trim() ?? "";

function name(select) {
  const container = $(select).data("select2")?.$container?.[0];
  if (!container) return;
  const label = labelOf(select);
  for (const field of container.querySelectorAll(".select2-search__field")) field.ariaLabel = label;
  const combobox = container.querySelector("[role=combobox]");
  if (!combobox) return;
  combobox.removeAttribute("aria-labelledby");
  const rendered = container.querySelector(".select2-selection__rendered");
  // A text box inside a combobox, without a name of its own.
  if (rendered?.getAttribute("role") === "textbox") rendered.removeAttribute("role");
  rendered?.removeAttribute("aria-readonly");
  const chosen = rendered?.getAttribute("title");
  combobox.ariaLabel = chosen ? `${label}: ${chosen}` : label;
}

function watch(root) {
  for (const select of root.querySelectorAll("select.select2-hidden-accessible")) name(select);
}

$(() => watch(document));
document.addEventListener("formset:added", (event) => queueMicrotask(() => watch(event.target)));
$(document).on("change select2:select select2:unselect", "select", (event) => queueMicrotask(() => name(event.target)));
$(document).on("select2:open", (event) => {
  for (const field of document.querySelectorAll(".select2-container--open .select2-search__field")) {
    field.ariaLabel = labelOf(event.target);
  }
});
