/** Whether the person is still signed in, and requests that go on after signing in anew in another tab. */

const page = document.querySelector("[data-term-form]");
const tokens = () => document.querySelectorAll("input[name=csrfmiddlewaretoken]");

/**
 * Ask the server. Returns `{ state: "open", user, name }`, with this page's forms made fit for that session, or the
 * state "signed-out" or "unreachable".
 */
export async function askSession() {
  try {
    const answer = await fetch(page.dataset.session, {
      redirect: "manual",
      cache: "no-store",
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(10_000)
    });
    // The admin leads whoever isn't signed in to its login page.
    if (answer.type === "opaqueredirect") return { state: "signed-out" };
    if (!answer.ok) return { state: "unreachable" };
    const { user, name, token } = await answer.json();
    for (const field of tokens()) field.value = token;
    return { state: "open", user: String(user), name };
  } catch {
    return { state: "unreachable" };
  }
}

const send = (url, body, signal) =>
  fetch(url, { method: "POST", body, signal, redirect: "manual", headers: { "X-CSRFToken": tokens()[0].value } });

/** POST, and return the JSON of the answer; `null` when there is none, and "signed-out" when nobody is signed in. */
export async function post(url, body, signal) {
  let answer = await send(url, body, signal);
  // After signing in anew the old token is refused: ask for the new one, once.
  if (answer.status === 403 && (await askSession()).state === "open") answer = await send(url, body, signal);
  if (answer.type === "opaqueredirect") return "signed-out";
  return answer.ok ? answer.json() : null;
}
