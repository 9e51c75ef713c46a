/**
 * Keeps a copy of unsaved text in this browser while it is written, and offers it back after a crash or a login.
 *
 * The note in the bar says that text is kept only when all of it is on the disk.
 */

import { cleaned } from "./draft-cleaning.js";
import { draftsOf, keep, remove } from "./draft-store.js";
import { readState, writeState } from "./form-state.js";
import { inWords } from "./when.js";

const PAUSE = 1000;

const page = document.querySelector("[data-term-form]");
const form = page.closest("form");
const { user, term } = page.dataset;
const offers = document.querySelector("[data-drafts]");
const note = document.querySelector("[data-draft-note]");
const announced = document.querySelector("[data-draft-announced]");
const randomId = () =>
  [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
form.elements.draft.value ||= randomId();
const id = form.elements.draft.value;

let saved = "";
let kept = "";
let timer = 0;
let writing = 0;
let keptAt = null;

// Read out only when it comes to something else: not with each pause in writing.
function say(text, announcement = announced.textContent) {
  note.textContent = text;
  if (announced.textContent !== announcement) announced.textContent = announcement;
}

async function keepNow() {
  clearTimeout(timer);
  timer = 0;
  const state = readState(form);
  const text = JSON.stringify(state);
  if (text === kept) {
    if (!writing) sayKept();
    return;
  }
  kept = text;
  const turn = ++writing;
  if (text === saved) {
    remove({ id });
    writing = 0;
    say("", "");
    return;
  }
  say("Unsaved; keeping a copy…");
  // A page that shows a collision is based on the newer revision, and its text on the one that both started from.
  const revision = form.elements.both_from.value || form.elements.opened_on.value;
  const at = new Date();
  const done = await keep({ user, term, id, revision, at: at.getTime(), state });
  // What was written meanwhile has its own turn.
  if (turn !== writing) return;
  writing = 0;
  keptAt = done ? at : null;
  if (!timer) sayKept();
}

function sayKept() {
  if (kept === saved) say("", "");
  else if (keptAt) say(`Unsaved; kept in this browser at ${inWords(keptAt)}`, "Unsaved; kept in this browser");
  else
    say(
      "Unsaved; this browser cannot keep a copy, so save soon",
      "Unsaved; this browser cannot keep a copy, so save soon"
    );
}

function keepSoon() {
  if (!timer) say("Unsaved; keeping a copy…");
  timer ||= setTimeout(keepNow, PAUSE);
}

function restore(draft) {
  writeState(form, draft.state);
  // The text belongs to the revision that it was written on: what was saved since is merged with it.
  const older = draft.revision !== form.elements.opened_on.value;
  form.elements.opened_on.value = draft.revision;
  // The copy is removed when this page's own is kept.
  keepNow().then(() => keptAt && remove(draft));
  return older
    ? `Restored from your changes to revision ${draft.revision}. When you save, they are merged with what was saved since.`
    : "Restored. Your changes are not saved yet.";
}

function offer(draft) {
  const line = document.querySelector("[data-draft-template]").content.cloneNode(true).firstElementChild;
  const said = line.querySelector("[data-draft-said]");
  said.textContent = `Unsaved text from ${inWords(new Date(draft.at))}`;
  line.querySelector("[data-draft-restore]").addEventListener("click", () => {
    said.textContent = restore(draft);
    for (const button of line.querySelectorAll("button")) button.remove();
    offers.querySelector("[data-drafts-heading]").focus();
  });
  line.querySelector("[data-draft-discard]").addEventListener("click", () => {
    remove(draft);
    line.remove();
    if (offers.querySelector("[data-draft-said]")) offers.querySelector("[data-drafts-heading]").focus();
    else {
      offers.hidden = true;
      form.elements.title.focus();
    }
  });
  offers.querySelector("[data-drafts-list]").append(line);
}

// A page holds a lock for as long as it lives: what another tab is just writing isn't offered here.
async function openElsewhere() {
  if (!navigator.locks) return [];
  const { held } = await navigator.locks.query();
  return held.map((lock) => lock.name);
}

async function begin() {
  navigator.locks?.request(`glossary-draft:${id}`, () => new Promise(() => {}));
  const open = await openElsewhere();
  // What came back with errors, or collided, is the page itself.
  await cleaned;
  const found = (await draftsOf({ user, term })).filter(
    (draft) => draft.id !== id && !open.includes(`glossary-draft:${draft.id}`)
  );
  for (const draft of found) {
    if (JSON.stringify(draft.state) === JSON.stringify(readState(form))) remove(draft);
    else offer(draft);
  }
  offers.hidden = !offers.querySelector("[data-draft-said]");
}

addEventListener("load", () => {
  const hasErrors = form.querySelector(".errornote") !== null;
  saved = hasErrors ? "" : JSON.stringify(readState(form));
  kept = saved;
  if (hasErrors) keepNow();
  begin();
  for (const event of ["input", "change"]) form.addEventListener(event, keepSoon);
  window.django.jQuery(form).on("change", keepSoon);
  for (const event of ["formset:added", "formset:removed"]) document.addEventListener(event, keepSoon);
  document.addEventListener("visibilitychange", keepNow);
  addEventListener("pagehide", keepNow);
});
