/** On every page of the admin: removes drafts that were saved, are a week old, or belong to somebody who logs out. */

import { prune, remove, removeAll } from "./draft-store.js";

const PATIENCE = 3_000;

async function clean() {
  const saved = document.cookie.match(/(?:^|; )saved_draft=([a-z0-9-]+)/)?.[1];
  if (saved) {
    await remove({ id: saved });
    document.cookie = "saved_draft=; path=/admin/; max-age=0; samesite=lax";
  }
  await prune();
}

/** Fulfilled when only drafts are left that may be offered. */
export const cleaned = clean();

// Logging out waits until they are removed, but not for a browser that doesn't answer.
const logout = document.querySelector("#logout-form");
logout?.addEventListener("submit", async (event) => {
  event.preventDefault();
  await Promise.race([removeAll(), new Promise((done) => setTimeout(done, PATIENCE))]);
  logout.submit();
});
