/** Sends the rest of a step for many terms, piece by piece, until the server has done all. Without it, a button does. */

document.querySelector("[data-going-on]").requestSubmit();
