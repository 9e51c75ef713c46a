/**
 * Names terms that are like the title that is being typed: it may well be meant, so nothing is refused. Shows the
 * address that the server makes from the title of a new term, unless the person has typed one.
 */

import { questions } from "./asking.js";

const PAUSE = 500;

const page = document.querySelector("[data-term-form]");
const { title, slug } = page.closest("form").elements;
const list = document.createElement("ul");
const box = document.createElement("div");
box.className = "similar";
box.role = "status";
title.closest(".form-row").querySelector(".help").append(box);

let before = title.value;
let made = ""; // the address that was shown last

function show(found) {
  box.replaceChildren(...(found.length ? [list] : []));
  list.replaceChildren(
    ...found.map(({ words, url }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = url;
      link.target = "_blank";
      link.rel = "noopener";
      link.textContent = "open it in a new tab";
      item.append(`${words}: `, link);
      return item;
    })
  );
}

function propose(address) {
  made = address;
  slug.value = address;
}

async function ask(signal) {
  const query = new URLSearchParams({ title: title.value, term: page.dataset.term === "new" ? "" : page.dataset.term });
  const answer = await fetch(`${page.dataset.similar}?${query}`, { redirect: "manual", signal });
  if (!answer.ok) return;
  const found = await answer.json();
  show(found.similar);
  if (page.dataset.term === "new" && slug.value === made) propose(found.slug);
}

const { soon } = questions(ask, PAUSE);

title.addEventListener("input", () => {
  if (title.value === before) return;
  before = title.value;
  // Left empty, the server makes it on saving: one of an older title is never sent.
  if (page.dataset.term === "new" && slug.value === made) propose("");
  soon();
});
