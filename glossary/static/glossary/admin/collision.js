/** Fills a field with the side that is chosen, so that it is seen before it is saved; editing it chooses “by hand”. */

import { isWithin, placeOf, readPart, writePart } from "./form-state.js";

const form = document.querySelector("[data-term-form]").closest("form");
const values = JSON.parse(document.getElementById("collision-values").textContent);

// Both sides in the shape that form-state.js reads and writes.
const pairs = (terms) => terms.filter(Boolean).map(({ id, text }) => [id, text]);
const quoted = (name) => (/[",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
function shaped(part, value) {
  if (part === "tags") return value.map(quoted).join(", ");
  if (part === "related") return pairs(value);
  if (part === "synonyms") {
    return value.map(({ text, kind, unlinked }) => ({
      text,
      kind: [[kind, kind]],
      unlinked,
      "initial-unlinked": unlinked ? "True" : "False"
    }));
  }
  if (part === "insights") return value.map((row) => ({ ...row, target: pairs([row.target]) }));
  return value;
}

addEventListener("load", () => {
  for (const box of document.querySelectorAll("[data-collision-part]")) {
    const part = box.dataset.collisionPart;
    const radio = (choice) => box.querySelector(`[value=${choice}]`);
    const mine = readPart(form, part);
    let byHand = null;
    let chosen = null;
    let filling = false;
    function fill(value) {
      filling = true;
      writePart(form, part, value);
      filling = false;
    }
    box.addEventListener("change", ({ target }) => {
      if (chosen === "hand") byHand = readPart(form, part);
      chosen = target.value;
      if (chosen === "theirs") fill(shaped(part, values[part].theirs));
      else if (chosen === "mine") fill(mine);
      else {
        if (byHand !== null) fill(byHand);
        placeOf(form, part)?.focus();
      }
    });
    function edited() {
      chosen = "hand";
      radio("hand").checked = true;
    }
    form.addEventListener("input", ({ target }) => {
      if (!filling && isWithin(form, part, target)) edited();
    });
    document.addEventListener("formset:removed", ({ detail }) => {
      if (!filling && detail?.formsetName === part) edited();
    });
  }
});
