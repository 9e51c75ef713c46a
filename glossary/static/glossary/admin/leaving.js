/** Warns before a page is left on which something is typed that isn't sent. */

const form = document.querySelector("[data-typed]");
const written = () => JSON.stringify([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken"));

if (form) {
  // Shown again with what was typed, it holds unsent text from the start.
  const sent = form.dataset.typed === "again" ? "" : written();
  let leaving = false;
  form.addEventListener("submit", () => {
    leaving = true;
  });
  addEventListener("pageshow", () => {
    leaving = false;
  });
  addEventListener("beforeunload", (event) => {
    if (!leaving && written() !== sent) event.preventDefault();
  });
}
