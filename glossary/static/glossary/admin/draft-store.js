/**
 * Copies of unsaved text in this browser, one for each page that is being written on.
 *
 * They are in IndexedDB, with strict durability: what is reported as kept is on the disk, also when the browser is
 * killed a moment later. Local storage, where copies were kept before, is written to the disk after some seconds only.
 */

const DATABASE = "glossary-drafts";
const STORE = "drafts";
const DAYS = 7;
const LIFETIME = DAYS * 24 * 60 * 60 * 1000;

// As copies are named in local storage: format, person, term and page.
const OLD_PREFIX = "glossary-draft:";
const OLD_FORMAT = `${OLD_PREFIX}1:`;

const asked = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

let opened = null;
/** Return the open database. Rejects where this browser keeps nothing. */
function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  }).catch((error) => {
    opened = null;
    throw error;
  });
  return opened;
}

const read = async () => asked((await open()).transaction(STORE).objectStore(STORE).getAll());

// Resolved when the change is on the disk.
async function change(act) {
  const transaction = (await open()).transaction(STORE, "readwrite", { durability: "strict" });
  act(transaction.objectStore(STORE));
  const done = new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  // Not left for later: a page that is being closed would take it along.
  transaction.commit?.();
  return done;
}

const isDraft = (draft) => typeof draft?.at === "number" && Boolean(draft.state);

function parseOld(key) {
  try {
    const [user, term, id] = key.slice(OLD_FORMAT.length).split(":");
    const draft = { ...JSON.parse(localStorage.getItem(key)), user, term, id };
    return id && isDraft(draft) ? draft : null;
  } catch {
    return null;
  }
}

/** Move copies that an earlier version kept in local storage. Each stays there until it is kept here. */
async function adoptOld() {
  for (const key of Object.keys(localStorage).filter((one) => one.startsWith(OLD_PREFIX))) {
    const draft = key.startsWith(OLD_FORMAT) ? parseOld(key) : null;
    if (draft) await change((store) => store.put(draft));
    localStorage.removeItem(key);
  }
}

/** Return the drafts of a person's term, the newest first; none where this browser keeps nothing. */
export async function draftsOf({ user, term }) {
  const all = await read().catch(() => []);
  return all.filter((draft) => draft.user === user && draft.term === term).sort((one, other) => other.at - one.at);
}

/** Keep a draft: `{ user, term, id, revision, at, state }`. Says whether it is on the disk. */
export async function keep(draft) {
  try {
    await change((store) => store.put(draft));
    return true;
  } catch {
    return false;
  }
}

/** Remove a page's draft, by its id. */
export const remove = ({ id }) => change((store) => store.delete(id)).catch(() => {});

/** Remove everything, whoever wrote it: this browser is left to somebody else. */
export const removeAll = () => change((store) => store.clear()).catch(() => {});

/** Take over what earlier versions kept, and remove what is older than a week. */
export async function prune() {
  try {
    await adoptOld();
    const old = (await read()).filter((draft) => !isDraft(draft) || draft.at < Date.now() - LIFETIME);
    if (!old.length) return;
    await change((store) => {
      for (const { id } of old) store.delete(id);
    });
  } catch {
    // This browser keeps nothing.
  }
}
