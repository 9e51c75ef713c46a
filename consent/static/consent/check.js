// Shows how far a check is, until it has ended: the part of the page that tells of it is fetched again.
const EVERY = 2000;

async function show() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = answer.ok && page.querySelector("[data-check]");
    const old = document.querySelector("[data-check]");
    if (fresh && fresh.outerHTML !== old.outerHTML) {
      old.replaceWith(document.adoptNode(fresh));
    }
  } catch {
    // The server is away for a moment: the next time may come through.
  }
  if (document.querySelector("[data-check=running]")) {
    setTimeout(show, EVERY);
  }
}

setTimeout(show, EVERY);
