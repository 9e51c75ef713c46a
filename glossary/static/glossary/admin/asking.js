/**
 * Questions to the server while a form is being written: asked a moment after the last change, and a newer one takes
 * the place of one that is under way.
 */

/**
 * `ask` takes the signal that stops its request. Returns `now`, which asks at once, and `soon`, which asks once nothing
 * has changed for `pause` milliseconds.
 */
export function questions(ask, pause) {
  let timer = 0;
  let asked = null;

  async function now() {
    clearTimeout(timer);
    asked?.abort();
    asked = new AbortController();
    try {
      await ask(asked.signal);
    } catch (error) {
      // Overtaken by a newer question, or the server can't be reached just now.
      if (!["AbortError", "TypeError"].includes(error.name)) throw error;
    }
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(now, pause);
  }

  return { now, soon };
}
