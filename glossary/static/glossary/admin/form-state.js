/**
 * What stands in a term's form, as a value that can be compared, kept and put back.
 *
 * Rows are read in the order on the page, and rows without anything in them don't count. A choice among terms is read
 * as pairs of key and title, so that it can be put back where its terms aren't in the list.
 */

const $ = window.django.jQuery

// What belongs to this page and not to the text.
const OWN = /^(csrfmiddlewaretoken|opened_on|both_from|conflicts|draft|choice_.*|_.*|.*-(TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS)$/

const fieldsOf = (form) =>
  [...form.elements].filter(
    (field) => field.name && !OWN.test(field.name) && !/^(submit|button|radio)$/.test(field.type) && !field.closest(".inline-group"),
  )

const groupsOf = (form) => [...form.querySelectorAll(".inline-group")]
const rowsOf = (group) => [...group.querySelectorAll(".inline-related:not(.empty-form)")]
const cellsOf = (row) =>
  [...row.querySelectorAll("input[name], textarea[name], select[name]")].filter((cell) => !/-(ORDER|DELETE)$/.test(cell.name))
const nameOf = (cell) => cell.name.replace(/^.*-\d+-/, "")

const read = (field) => {
  if (field.type === "checkbox") return field.checked
  if (field.tagName === "SELECT") {
    return [...field.selectedOptions].filter((option) => option.value).map((option) => [option.value, option.text])
  }
  return field.value.replaceAll("\r\n", "\n")
}

// A box says something of a row that is there; by itself it makes none.
const filled = (row) =>
  cellsOf(row).some((cell) => cell.type !== "checkbox" && cell.value && (cell.tagName !== "SELECT" || cell.options[0]?.value === ""))

const readRows = (group) =>
  rowsOf(group)
    .filter(filled)
    .map((row) => Object.fromEntries(cellsOf(row).map((cell) => [nameOf(cell), read(cell)])))

const write = (field, value) => {
  const editor = field.closest(".prose-editor")?.querySelector(".ProseMirror")?.editor
  if (editor) {
    editor.commands.setContent(value, { emitUpdate: true })
    return
  }
  if (field.type === "checkbox") field.checked = value
  else if (field.tagName === "SELECT") {
    for (const option of field.options) option.selected = false
    for (const [key, text] of value) {
      const option = [...field.options].find((one) => one.value === key) ?? field.appendChild(new Option(text, key))
      option.selected = true
    }
    $(field).trigger("change")
  } else field.value = value
  field.dispatchEvent(new Event("input", { bubbles: true }))
  if (field.dataset.tags) field.dispatchEvent(new Event("tags:refill"))
}

const writeRows = (group, rows) => {
  for (const row of rowsOf(group).reverse()) row.querySelector(".inline-deletelink").click()
  for (const values of rows) {
    group.querySelector(".add-row a").click()
    for (const cell of cellsOf(rowsOf(group).at(-1))) {
      if (nameOf(cell) in values) write(cell, values[nameOf(cell)])
    }
  }
}

/** Return everything that stands in the form. */
export const readState = (form) => ({
  fields: Object.fromEntries(fieldsOf(form).map((field) => [field.name, read(field)])),
  rows: Object.fromEntries(groupsOf(form).map((group) => [group.id.replace(/-group$/, ""), readRows(group)])),
})

/** Put back what `readState` returned. Fields that the form has no more are left out. */
export const writeState = (form, { fields, rows }) => {
  for (const field of fieldsOf(form)) if (field.name in fields) write(field, fields[field.name])
  for (const [part, values] of Object.entries(rows)) {
    const group = document.getElementById(`${part}-group`)
    if (group) writeRows(group, values)
  }
}

/** Return what stands in one part of the form, a field or a group of rows, as `writePart` takes it. */
export const readPart = (form, part) => {
  const state = readState(form)
  return part in state.rows ? state.rows[part] : state.fields[part]
}

/** Put a value into one part of the form. */
export const writePart = (form, part, value) => {
  const group = document.getElementById(`${part}-group`)
  if (group) writeRows(group, value)
  else write(form.elements[part], value)
}

/** Return the element of a part that takes the focus. */
export const placeOf = (form, part) => {
  const group = document.getElementById(`${part}-group`)
  if (group) return group.querySelector("input:not([type=hidden]), textarea, .add-row a")
  const field = form.elements[part]
  const row = field.closest(".form-row") ?? field.parentElement
  return row.querySelector(".ProseMirror, .select2-search__field") ?? field
}

/** Return whether an event came from within a part of the form. */
export const isWithin = (form, part, target) => {
  const box = document.getElementById(`${part}-group`) ?? form.elements[part]?.closest(".form-row")
  return Boolean(box?.contains(target))
}
