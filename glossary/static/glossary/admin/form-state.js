/**
 * The contents of a term's form, as a value that can be compared, kept and put back.
 *
 * Rows are read in the order on the page, and rows without anything in them don't count. A choice among terms is read
 * as pairs of key and title, so that it can be put back where its terms aren't in the list.
 *
 * Beside some fields a hidden one says what they were when the page was opened (Django's `show_hidden_initial`): the
 * server saves them only where they differ. These are settings that count at once, without a review, so a field that
 * the person hadn't touched is never put back: it stays as this page shows it.
 */

const $ = window.django.jQuery;

// What belongs to this page and not to the text.
const OWN =
  /^(csrfmiddlewaretoken|opened_on|both_from|conflicts|draft|choice_.*|_.*|.*-(TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS)$/;

const fieldsOf = (form) =>
  [...form.elements].filter(
    (field) =>
      field.name &&
      !OWN.test(field.name) &&
      !/^(submit|button|radio)$/.test(field.type) &&
      !field.closest(".inline-group")
  );

const groupsOf = (form) => [...form.querySelectorAll(".inline-group")];
const rowsOf = (group) => [...group.querySelectorAll(".inline-related:not(.empty-form)")];
const cellsOf = (row) =>
  [...row.querySelectorAll("input[name], textarea[name], select[name]")].filter(
    (cell) => !/-(ORDER|DELETE)$/.test(cell.name)
  );
const nameOf = (cell) => cell.name.replace(/^(initial-)?.*-\d+-/, "$1");

const INITIAL = "initial-";

// A value as its hidden initial field would say it.
function plain(value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  return Array.isArray(value) ? value.map(([key]) => key).join() : value;
}

/** Return `values` with those that the person hadn't touched as they are in `shown`, what this page shows. */
function settle(values, shown = {}) {
  const settled = { ...values };
  for (const initial of Object.keys(shown).filter((name) => name.startsWith(INITIAL))) {
    const name = initial.slice(INITIAL.length);
    // Copies that were kept before the two were told apart have no initial value in rows: their boxes say nothing.
    const touched = initial in values && plain(values[name]) !== values[initial];
    settled[initial] = shown[initial];
    if (!touched) settled[name] = shown[name];
  }
  return settled;
}

function read(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.tagName === "SELECT") {
    return [...field.selectedOptions].filter((option) => option.value).map((option) => [option.value, option.text]);
  }
  return field.value.replaceAll("\r\n", "\n");
}

// A box says something of a row that is there; by itself it makes none. Neither does what was there at first.
const filled = (row) =>
  cellsOf(row).some(
    (cell) =>
      !/^(checkbox|hidden)$/.test(cell.type) &&
      cell.value &&
      (cell.tagName !== "SELECT" || cell.options[0]?.value === "")
  );

const readRows = (group) =>
  rowsOf(group)
    .filter(filled)
    .map((row) => Object.fromEntries(cellsOf(row).map((cell) => [nameOf(cell), read(cell)])));

function write(field, value) {
  const editor = field.closest(".prose-editor")?.querySelector(".ProseMirror")?.editor;
  if (editor) {
    editor.commands.setContent(value, { emitUpdate: true });
    return;
  }
  if (field.type === "checkbox") field.checked = value === true;
  else if (field.tagName === "SELECT") {
    for (const option of field.options) option.selected = false;
    for (const [key, text] of value) {
      const option = [...field.options].find((one) => one.value === key) ?? field.appendChild(new Option(text, key));
      option.selected = true;
    }
    $(field).trigger("change");
  } else if (field.value !== value) {
    field.value = value;
    // As when a person writes into it: an address that isn't made from the title is left alone from now on.
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  field.dispatchEvent(new Event("input", { bubbles: true }));
  if (field.dataset.tags) field.dispatchEvent(new Event("tags:refill"));
}

function writeRows(group, rows) {
  const shown = new Map(readRows(group).map((row) => [row.text, row]));
  for (const row of rowsOf(group).reverse()) row.querySelector(".inline-deletelink").click();
  for (const values of rows.map((row) => settle(row, shown.get(row.text)))) {
    group.querySelector(".add-row a").click();
    for (const cell of cellsOf(rowsOf(group).at(-1))) {
      if (nameOf(cell) in values) write(cell, values[nameOf(cell)]);
    }
  }
}

/** Return the contents of the whole form. */
export const readState = (form) => ({
  fields: Object.fromEntries(fieldsOf(form).map((field) => [field.name, read(field)])),
  rows: Object.fromEntries(groupsOf(form).map((group) => [group.id.replace(/-group$/, ""), readRows(group)]))
});

/** Put back what `readState` returned. Fields that the form has no more are left out. */
export function writeState(form, { fields, rows }) {
  const settled = settle(fields, readState(form).fields);
  for (const field of fieldsOf(form)) if (field.name in settled) write(field, settled[field.name]);
  for (const [part, values] of Object.entries(rows)) {
    const group = document.getElementById(`${part}-group`);
    if (group) writeRows(group, values);
  }
}

/** Return what stands in one part of the form, a field or a group of rows, as `writePart` takes it. */
export function readPart(form, part) {
  const state = readState(form);
  return part in state.rows ? state.rows[part] : state.fields[part];
}

/** Put a value into one part of the form. */
export function writePart(form, part, value) {
  const group = document.getElementById(`${part}-group`);
  if (group) writeRows(group, value);
  else write(form.elements[part], value);
}

/** Return the element of a part that takes the focus. */
export function placeOf(form, part) {
  const group = document.getElementById(`${part}-group`);
  if (group) return group.querySelector("input:not([type=hidden]), textarea, .add-row a");
  const field = form.elements[part];
  const row = field.closest(".form-row") ?? field.parentElement;
  return row.querySelector(".ProseMirror, .select2-search__field") ?? field;
}

/** Return whether an event came from within a part of the form. */
export function isWithin(form, part, target) {
  const box = document.getElementById(`${part}-group`) ?? form.elements[part]?.closest(".form-row");
  return Boolean(box?.contains(target));
}
