/**
 * What a reader's own browser keeps for them. With their permission for personalisation, and under a notice that names the
 * key, it is kept in local storage; without, it lasts as long as this page. Nothing of it is ever sent anywhere.
 *
 * What they withdraw is erased by the consent client, as the page declares it (docs/reference/client.md).
 */
const CATEGORY = "personalization";
const changed = new Map();
const listeners = [];

/** Whether a live notice names this key, so that readers may allow it. */
export const isNamed = (key) =>
  [...document.querySelectorAll(`template[data-consent-service="${CATEGORY}"][data-consent-erase]`)].some((unit) =>
    JSON.parse(unit.dataset.consentErase).some(([store, name]) => store === "localStorage" && name === key)
  );

/** Whether what is written under this key stays when the page is left. */
export const isKept = (key) =>
  (document.documentElement.dataset.consent ?? "").split(" ").includes(CATEGORY) && isNamed(key);

/** The text under a key, or `""`. */
export function read(key) {
  if (isKept(key)) {
    try {
      return localStorage.getItem(key) ?? "";
    } catch {
      // A browser that keeps nothing: the page itself does.
    }
  }
  return changed.get(key) ?? "";
}

/** Writes a text under a key; `""` removes it. */
export function write(key, text) {
  changed.set(key, text);
  if (isKept(key)) store(key, text);
}

/** Calls back once it is known what may be kept, and whenever that or what is kept changes, here or in another tab. */
export function follow(listener) {
  listeners.push(listener);
  if (document.documentElement.dataset.consent !== undefined) listener();
}

function store(key, text) {
  try {
    if (text) localStorage.setItem(key, text);
    else localStorage.removeItem(key);
  } catch {
    // Full, or switched off: then it lasts as long as the page.
  }
}

document.addEventListener("consent", () => {
  // What was chosen on this page before keeping it was allowed.
  for (const [key, text] of changed) if (isKept(key) && text && !read(key)) store(key, text);
  for (const listener of listeners) listener();
});
addEventListener("storage", ({ key }) => {
  if (key !== null && !key.startsWith("glossary.")) return;
  for (const listener of listeners) listener();
});
