/** Says every 20 seconds that this page is open, and shows who else has the term open and what was saved meanwhile. */

import { post } from "./session.js";
import { inWords } from "./when.js";

const EVERY = 20_000;

const page = document.querySelector("[data-term-form]");
const others = document.querySelector("[data-presence-others]");
const newer = document.querySelector("[data-presence-newer]");
const signedOut = document.querySelector("[data-signed-out]");

// Written only when it changed: each change is read out.
function say(place, text) {
  if (place.textContent !== text) place.textContent = text;
  place.closest("[data-notice]").hidden = !text;
}

function show(answer) {
  signedOut.hidden = answer !== "signed-out";
  if (!answer || answer === "signed-out") return;
  say(
    others,
    answer.others.map(({ name, since }) => `${name} has had this open since ${inWords(new Date(since))}.`).join(" ")
  );
  if (answer.newer) {
    const { number, by, at, url } = answer.newer;
    newer.closest("[data-notice]").querySelector("a").href = url;
    say(newer, `${by} saved revision ${number} at ${inWords(new Date(at))}, which is newer than the one on this page.`);
  } else say(newer, "");
}

let timer = 0;
async function beat() {
  clearTimeout(timer);
  if (document.visibilityState === "hidden") return;
  const body = new FormData();
  body.set("opened_on", page.closest("form").elements.opened_on.value);
  try {
    show(await post(page.dataset.presence, body));
  } catch {
    // Not reachable just now: the next beat tries again.
  }
  clearTimeout(timer);
  timer = setTimeout(beat, EVERY);
}

if (page?.dataset.presence) {
  document.addEventListener("visibilitychange", beat);
  beat();
}
