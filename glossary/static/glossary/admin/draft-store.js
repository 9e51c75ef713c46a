/**
 * Copies of unsaved text in this browser's local storage, one for each page that is being written on.
 *
 * The key names format, person, term and page; a copy in another format is never read.
 */

const PREFIX = "glossary-draft:"
const FORMAT = `${PREFIX}1:`
const DAYS = 7
const LIFETIME = DAYS * 24 * 60 * 60 * 1000

const keyOf = ({ user, term, id }) => `${FORMAT}${user}:${term}:${id}`

const stored = () => {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))
  } catch {
    return [] // storage is switched off
  }
}

const parse = (key) => {
  try {
    const draft = JSON.parse(localStorage.getItem(key))
    return typeof draft?.at === "number" && draft.state ? draft : null
  } catch {
    return null
  }
}

/** Return the drafts of a person's term, the newest first. */
export const draftsOf = ({ user, term }) =>
  stored()
    .filter((key) => key.startsWith(`${FORMAT}${user}:${term}:`))
    .map((key) => ({ ...parse(key), user, term, id: key.split(":").at(-1) }))
    .filter((draft) => draft.state)
    .sort((one, other) => other.at - one.at)

/** Keep a draft: `{ user, term, id, revision, at, state }`. Returns whether there was room for it. */
export const keep = (draft) => {
  const { revision, at, state } = draft
  try {
    localStorage.setItem(keyOf(draft), JSON.stringify({ revision, at, state }))
    return true
  } catch {
    return false
  }
}

export const remove = (draft) => localStorage.removeItem(keyOf(draft))

/** Remove what was saved, by the page's id. */
export const removeById = (id) => {
  for (const key of stored()) if (key.endsWith(`:${id}`)) localStorage.removeItem(key)
}

/** Remove everything, whoever wrote it: this browser is left to somebody else. */
export const removeAll = () => {
  for (const key of stored()) localStorage.removeItem(key)
}

/** Remove what is older than a week, and what can't be read. */
export const prune = () => {
  for (const key of stored()) {
    const draft = key.startsWith(FORMAT) ? parse(key) : null
    if (!draft || draft.at < Date.now() - LIFETIME) localStorage.removeItem(key)
  }
}
