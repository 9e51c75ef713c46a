/** On every page of the admin: removes drafts that were saved, are a week old, or belong to somebody who logs out. */

import { prune, removeAll, removeById } from "./draft-store.js"

const saved = document.cookie.match(/(?:^|; )saved_draft=([a-z0-9-]+)/)?.[1]
if (saved) {
  removeById(saved)
  document.cookie = "saved_draft=; path=/admin/; max-age=0; samesite=lax"
}
document.querySelector("#logout-form")?.addEventListener("submit", removeAll)
prune()
