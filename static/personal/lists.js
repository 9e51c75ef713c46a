/** Lists of terms as a reader's browser keeps them: the newest first, each once, as its address and its title. */
import { read, write } from "./keeping.js";

export const RECENT = "glossary.recent";
export const SAVED = "glossary.saved";
const LENGTH = { [RECENT]: 12, [SAVED]: 200 };
const SLUG = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** The terms of a list. What other scripts or an older release left behind, and is no term, isn't there. */
export function terms(list) {
  try {
    const found = JSON.parse(read(list) || "[]");
    return found
      .filter(({ slug, title }) => SLUG.test(slug) && typeof title === "string" && title)
      .slice(0, LENGTH[list]);
  } catch {
    return [];
  }
}

export const has = (list, slug) => terms(list).some((term) => term.slug === slug);

/** Puts a term first. */
export function put(list, { slug, title }) {
  set(list, [{ slug, title }, ...terms(list).filter((term) => term.slug !== slug)]);
}

export function remove(list, slug) {
  set(
    list,
    terms(list).filter((term) => term.slug !== slug)
  );
}

export const clear = (list) => set(list, []);

function set(list, found) {
  write(list, found.length ? JSON.stringify(found.slice(0, LENGTH[list])) : "");
}
