/** Buttons that print the page. */
document.addEventListener("click", ({ target }) => target.closest("[data-print]") && print());
