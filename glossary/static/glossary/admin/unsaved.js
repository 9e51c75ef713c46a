/** Warns before a page with unsaved changes is left, and sends a form once only. */

// Rows are read in the order on the page, and rows without anything in them don't count.
const read = (form) => {
  const groups = [...form.querySelectorAll(".inline-group")]
  const own = [...form.elements].filter(
    (field) => field.name && field.name !== "csrfmiddlewaretoken" && !field.closest(".inline-group"),
  )
  const values = (fields) =>
    fields.flatMap((field) => {
      if (field.type === "checkbox") return [field.checked]
      if (field.tagName === "SELECT") return [[...field.selectedOptions].map((option) => option.value)]
      return [field.value.replaceAll("\r\n", "\n")]
    })
  const rows = groups.map((group) =>
    [...group.querySelectorAll(".inline-related:not(.empty-form)")]
      .map((row) =>
        [...row.querySelectorAll("input[name], textarea[name], select[name]")].filter(
          (field) => !field.name.endsWith("-ORDER"),
        ),
      )
      .filter((fields) => fields.some((field) => field.value && (field.tagName !== "SELECT" || field.options[0]?.value === "")))
      .map(values),
  )
  return JSON.stringify([values(own), rows])
}

for (const form of document.querySelectorAll("form#term_form")) {
  // The browser would fill an older page's text into a newer page, which then passed for an edit of the newer.
  form.autocomplete = "off"
  let saved = ""
  let sending = false
  // Once the page is ready: by then select2 and the prefilled fields stand as they should.
  window.addEventListener("load", () => {
    // A form that comes back with errors holds what isn't saved yet.
    saved = form.querySelector(".errornote") ? "" : read(form)
  })
  form.addEventListener("submit", (event) => {
    if (sending) event.preventDefault()
    sending = true
  })
  window.addEventListener("pageshow", () => {
    sending = false
  })
  window.addEventListener("beforeunload", (event) => {
    if (!sending && read(form) !== saved) event.preventDefault()
  })
}
