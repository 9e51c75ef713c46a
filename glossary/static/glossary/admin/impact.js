/** Shows what names that readers don't know yet would link on other pages, with the box of each that keeps it plain. */

import { questions } from "./asking.js";
import { post } from "./session.js";

const PAUSE = 700;

const page = document.querySelector("[data-term-form]");
const form = page.closest("form");
const panel = document.querySelector("[data-impact]");
const status = panel.querySelector("[data-impact-status]");
const list = panel.querySelector("[data-impact-list]");

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** The box that keeps a name plain: the title's, or that of the synonym's row. */
function boxOf({ name, kind }) {
  if (kind === "title") return form.elements.unlinked;
  const fields = [...form.elements].filter((field) => /^synonyms-\d+-text$/.test(field.name));
  const row = fields.find((field) => field.value.trim() === name);
  return row && form.elements[row.name.replace(/text$/, "unlinked")];
}

function switchFor(impact) {
  const box = boxOf(impact);
  if (!box || !impact.is_linkable) return [];
  const button = element("button", "button impacts__switch");
  function name() {
    button.textContent = box.checked ? `Link “${impact.name}”` : `Don’t link “${impact.name}”`;
    button.ariaPressed = String(box.checked);
  }
  button.type = "button";
  button.addEventListener("click", () => {
    box.checked = !box.checked;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    name();
  });
  name();
  return [button];
}

function sampleOf({ title, before, words, after, doubts }) {
  const line = element("li", "", before, element("mark", "", words), after, " ", element("span", "quiet", title));
  line.append(...doubts.flatMap((doubt) => [" ", element("span", "flag", doubt)]));
  return line;
}

function lineOf(impact) {
  const line = element("li", "impacts__impact");
  line.append(element("p", "impacts__name", element("strong", "", impact.name), ` ${impact.words}`));
  line.append(...impact.doubts.map((doubt) => element("p", "flag", doubt)));
  line.append(...impact.notes.map((note) => element("p", "quiet", note)));
  if (impact.samples.length) {
    const samples = element("ul", "impacts__samples", ...impact.samples.map(sampleOf));
    const details = element("details", "", element("summary", "", "Where it is mentioned"), samples);
    details.open = impact.doubts.length > 0;
    line.append(details);
  }
  line.append(...switchFor(impact));
  return line;
}

async function ask(signal) {
  const data = new FormData(form);
  for (const name of [...data.keys()]) if (name.startsWith("_")) data.delete(name);
  status.textContent = "Searching the published texts …";
  panel.hidden = false;
  const answer = await post(page.dataset.impactUrl, data, signal);
  if (!answer || answer === "signed-out") {
    status.textContent = "The texts could not be searched.";
    return;
  }
  list.replaceChildren(...answer.impacts.map(lineOf));
  const count = answer.impacts.length;
  status.textContent = count
    ? `Once they are public, mentions of ${count === 1 ? "this name" : "these names"} lead here.`
    : "All names of this term are already public.";
}

const { now, soon } = questions(ask, PAUSE);

form.addEventListener("change", ({ target }) => {
  if (/^(title|synonyms-\d+-(text|kind))$/.test(target.name ?? "")) soon();
});
panel.querySelector("[data-impact-ask]").addEventListener("click", now);
