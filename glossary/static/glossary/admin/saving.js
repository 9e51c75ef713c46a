/**
 * Sends the form once only, and only when it will arrive: to a session that has expired it isn't sent, since the login
 * page would swallow the text. Warns before a page with unsaved changes is left.
 */

import { readState } from "./form-state.js";
import { askSession } from "./session.js";

const page = document.querySelector("[data-term-form]");
const form = page.closest("form");
const dialog = document.querySelector("[data-session-dialog]");
const said = dialog.querySelector("[data-session-said]");
const again = dialog.querySelector("[data-session-again]");
const signIn = dialog.querySelector("[data-session-sign-in]");

// The browser would fill an older page's text into a newer page, which then passed for an edit of the newer.
form.autocomplete = "off";
let saved = "";
let state = "idle"; // or "asking" and "sending"
let submitter = null;
// The person whose page this is, until somebody else says that it shall be saved in their name.
let owner = page.dataset.user;

const WORDS = {
  "signed-out": "You are signed out. Nothing is lost: sign in in a new tab, come back here, and save.",
  unreachable: "The server cannot be reached at the moment. Nothing is lost. Try again in a minute."
};

function send() {
  if (dialog.open) dialog.close();
  state = "sending";
  form.requestSubmit(submitter);
}

async function attempt() {
  state = "asking";
  const session = await askSession();
  state = "idle";
  if (session.state === "open" && session.user === owner) {
    send();
    return;
  }
  if (session.state === "open") {
    owner = session.user;
    said.textContent = `You are signed in as ${session.name} now. What you save will be recorded under that name.`;
  } else said.textContent = WORDS[session.state];
  signIn.hidden = session.state !== "signed-out";
  again.textContent = session.state === "open" ? `Save as ${session.name}` : "Save now";
  if (!dialog.open) dialog.showModal();
}

// Once the page is ready: by then select2 and the prefilled fields stand as they should.
addEventListener("load", () => {
  // A form that comes back with errors holds what isn't saved yet.
  saved = form.querySelector(".errornote") ? "" : JSON.stringify(readState(form));
});

form.addEventListener("submit", (event) => {
  if (state === "sending" && !event.defaultPrevented) {
    // Sent a second time, it would be saved twice.
    state = "sent";
    return;
  }
  event.preventDefault();
  if (state !== "idle") return;
  submitter = event.submitter;
  attempt();
});

again.addEventListener("click", attempt);
dialog.querySelector("[data-session-close]").addEventListener("click", () => dialog.close());

addEventListener("pageshow", () => {
  state = "idle";
});
addEventListener("beforeunload", (event) => {
  if (state !== "sent" && JSON.stringify(readState(form)) !== saved) event.preventDefault();
});
