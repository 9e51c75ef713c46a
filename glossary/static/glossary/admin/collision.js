/** Fills a field with the side that is chosen, so that it is seen before it is saved; editing it chooses “by hand”. */

import { isWithin, placeOf, readPart, writePart } from "./form-state.js"

const form = document.querySelector("[data-term-form]").closest("form")
const values = JSON.parse(document.getElementById("collision-values").textContent)

// Both sides in the shape that form-state.js reads and writes.
const pairs = (terms) => terms.filter(Boolean).map(({ id, text }) => [id, text])
const quoted = (name) => (/[",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)
const shaped = (part, value) => {
  if (part === "tags") return value.map(quoted).join(", ")
  if (part === "related") return pairs(value)
  if (part === "synonyms") return value.map(({ text, kind }) => ({ text, kind: [[kind, kind]] }))
  if (part === "insights") return value.map((row) => ({ ...row, target: pairs([row.target]) }))
  return value
}

window.addEventListener("load", () => {
  for (const box of document.querySelectorAll("[data-collision-part]")) {
    const part = box.dataset.collisionPart
    const radio = (choice) => box.querySelector(`[value=${choice}]`)
    let mine = readPart(form, part)
    let filling = false
    const fill = (value) => {
      filling = true
      writePart(form, part, value)
      filling = false
    }
    box.addEventListener("change", ({ target }) => {
      if (target.value === "theirs") fill(shaped(part, values[part].theirs))
      else if (target.value === "mine") fill(mine)
      else placeOf(form, part)?.focus()
    })
    const edited = ({ target }) => {
      if (!filling && isWithin(form, part, target)) radio("hand").checked = true
    }
    form.addEventListener("input", edited)
    document.addEventListener("formset:removed", ({ detail }) => {
      if (!filling && detail?.formsetName === part) radio("hand").checked = true
    })
  }
})
