/**
 * Fetches what not every reader uses, once a reader reaches for it: when the pointer or the focus comes to it, well
 * before they press. Readers who let the browser keep things get that script at once. (docs/adr/0182)
 */
const parts = [
  { selector: "[data-search-box]", fetch: () => import("./glossary/suggestions.js") },
  { selector: "[data-print]", fetch: () => import("./glossary/print.js") },
  { selector: "[data-display]", fetch: () => import("./personal/display.js"), keeps: true },
  { selector: "[data-save]", fetch: () => import("./personal/term.js"), keeps: true }
];
const stillThere = { pointerover: ":hover", focusin: ":focus" };
const { dataset } = document.documentElement;

async function load(part) {
  try {
    await part.fetch();
  } catch {
    // Offline: the page does what it does without scripts.
  }
  part.isHere = true;
}

for (const type of ["pointerover", "focusin", "input", "click"]) {
  addEventListener(
    type,
    async (event) => {
      const { target } = event;
      const part = parts.find(({ selector, isHere }) => !isHere && target.closest?.(selector));
      // What opens and closes by itself needn't wait.
      if (!part || (type === "click" && target.closest("summary"))) return;
      if (type === "click") {
        event.preventDefault();
        event.stopPropagation();
      }
      await load(part);
      // It has missed this, and hears it again; but a reader who has gone on meanwhile isn't called back.
      if (!target.matches(stillThere[type] ?? "*")) return;
      target.dispatchEvent(new event.constructor(type, event));
    },
    true
  );
}

function keep() {
  // `early.js` found something kept, or the consent client says that something may be.
  const isKeeping = "shelved" in dataset || dataset.consent?.split(" ").includes("personalization");
  for (const part of parts) if (isKeeping && part.keeps && document.querySelector(part.selector)) load(part);
}

document.addEventListener("consent", keep);
keep();
