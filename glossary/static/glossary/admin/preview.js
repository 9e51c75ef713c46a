/** Shows beside the form what a reader would see of it, and how hard each text is to read. Neither saves anything. */

import { questions } from "./asking.js";
import { post } from "./session.js";

const PAUSE = 900;
const WIDTHS = { desktop: 1080, phone: 390 };

const page = document.querySelector("[data-term-form]");
const form = page.closest("form");
const panel = document.querySelector("[data-preview]");
const toggle = document.querySelector("[data-preview-toggle]");
const frame = panel.querySelector("iframe");
const stage = panel.querySelector("[data-preview-stage]");
const problems = panel.querySelector("[data-preview-problems]");

// -- Readability --

const lines = { page: document.querySelector("[data-readability-page]") };
// Below its text, made when it is first measured.
function lineOf(part) {
  if (!lines[part]) {
    lines[part] = document.createElement("p");
    lines[part].className = "readability";
    form.elements[part].closest(".form-row").querySelector(".help").append(lines[part]);
  }
  return lines[part];
}

function measure({ part, words, lix, band }) {
  const count = `${words} ${words === 1 ? "word" : "words"}`;
  const judged = lix === null ? "too short to rate" : `LIX ${lix}, ${band} to read`;
  const line = lineOf(part);
  line.textContent = `${part === "page" ? "Whole page: " : ""}${count}, ${judged}`;
  line.dataset.band = band;
  line.hidden = words === 0;
}

// -- Preview --

function size() {
  const width = WIDTHS[panel.querySelector("[name=_preview_width]:checked").value];
  const scale = Math.min(1, stage.clientWidth / width);
  frame.style.inlineSize = `${width}px`;
  frame.style.blockSize = `${stage.clientHeight / scale}px`;
  frame.style.transform = `scale(${scale})`;
}

function show({ html, problems: found }) {
  const place = frame.contentWindow?.scrollY ?? 0;
  frame.addEventListener(
    "load",
    () => {
      frame.contentWindow.scrollTo(0, place);
      // What is shown is a picture of a page: nothing in it leads away.
      frame.contentDocument.addEventListener("click", (event) => event.preventDefault());
    },
    { once: true }
  );
  frame.srcdoc = html;
  problems.replaceChildren(
    ...found.map((words) => {
      const item = document.createElement("li");
      item.textContent = words;
      return item;
    })
  );
  problems.hidden = found.length === 0;
}

async function ask(signal) {
  const data = new FormData(form);
  for (const name of [...data.keys()]) if (name.startsWith("_")) data.delete(name);
  const answer = await post(page.dataset.previewUrl + (panel.hidden ? "" : "?page"), data, signal);
  if (!answer || answer === "signed-out") return;
  for (const line of answer.readability) measure(line);
  if (answer.html && !panel.hidden) show(answer);
}

const { now, soon } = questions(ask, PAUSE);

toggle.hidden = false;
toggle.addEventListener("click", () => {
  panel.hidden = !panel.hidden;
  toggle.ariaExpanded = String(!panel.hidden);
  toggle.textContent = panel.hidden ? "Show preview" : "Hide preview";
  form.classList.toggle("term-form--previewed", !panel.hidden);
  if (!panel.hidden) {
    size();
    now();
  }
});
panel.addEventListener("change", size);
new ResizeObserver(() => panel.hidden || size()).observe(stage);

addEventListener("load", () => {
  now();
  for (const event of ["input", "change"]) {
    form.addEventListener(event, ({ target }) => panel.contains(target) || soon());
  }
  window.django.jQuery(form).on("change", "select", soon);
  document.addEventListener("formset:removed", soon);
});
