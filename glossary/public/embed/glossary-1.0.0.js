// Shows what a term means where a page of another site marks it:
//   <a data-clinical-term="progesterone" href="https://…/glossary/progesterone/">progesterone</a>
// Sets nothing in the browser and reads nothing of the reader. When she first points at any marked term, what all of
// them mean is fetched together, so that the glossary doesn't learn which one it was. Without it, links are links.
(() => {
  const key = Symbol.for("clinical-term");
  if (window[key]) return;
  window[key] = true;

  const own = document.currentScript;
  const folder = new URL(own.dataset.terms ?? "terms/", own.src);
  const marked = "a[data-clinical-term]";
  const found = new Map();
  const card = document.createElement("clinical-term");
  const parts = ["strong", "span", "small"].map((name) => document.createElement(name));
  let link = null; // the one that is pointed at or focused
  let waiting;

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
:host { all: initial; display: block; position: fixed; inset: auto; z-index: 2147483647; box-sizing: border-box;
  inline-size: max-content; max-inline-size: min(24rem, 100vw - 1rem); padding: .75rem 1rem; border: 1px solid #74858a;
  border-radius: .375rem; color-scheme: inherit; background: #fff; color: #1b2528; font: 1rem/1.45 system-ui, sans-serif;
  text-align: start; overflow-wrap: anywhere; box-shadow: 0 .25rem 1rem #0003; }
:host([hidden]) { display: none; }
:host::before { content: ""; position: absolute; inset: -.5rem 0; z-index: -1; }
strong, span, small { display: block; }
span { margin-block: .25rem .5rem; }
small { font-size: .875rem; color: #48535a; }
@supports (color: light-dark(#000, #fff)) {
  :host { background: light-dark(#fff, #1a2326); color: light-dark(#1b2528, #e6eae6); }
  small { color: light-dark(#48535a, #b9c4c2); }
}
@media print { :host { display: none; } }`);
  const root = card.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet];
  root.append(...parts);
  card.id = "clinical-term-card";
  card.setAttribute("role", "tooltip");
  card.setAttribute("popover", "manual"); // above whatever else the page stacks
  card.hidden = true;

  function load() {
    for (const { dataset } of document.querySelectorAll(marked)) {
      const slug = dataset.clinicalTerm;
      if (found.has(slug)) continue;
      const asked = fetch(new URL(`${encodeURIComponent(slug)}.json`, folder), {
        credentials: "omit",
        referrerPolicy: "no-referrer",
      });
      found.set(slug, asked.then((answer) => (answer.ok ? answer.json() : null)).catch(() => null));
    }
  }

  function place() {
    if (card.hidden) return;
    const [at] = link.getClientRects();
    const { width, height } = card.getBoundingClientRect();
    const start = getComputedStyle(link).direction === "rtl" ? at.right - width : at.left;
    const above = at.top - height - 8;
    const top = at.bottom + 8 + height > innerHeight && above > 0 ? above : at.bottom + 8;
    card.style.left = `${Math.max(8, Math.min(start, document.documentElement.clientWidth - width - 8))}px`;
    card.style.top = `${top}px`;
  }

  const describe = (ids) =>
    ids.length ? link.setAttribute("aria-describedby", ids.join(" ")) : link.removeAttribute("aria-describedby");
  const described = () => (link.getAttribute("aria-describedby") ?? "").split(/\s+/).filter((id) => id && id !== card.id);

  function hide() {
    clearTimeout(waiting);
    if (!card.hidden) {
      describe(described());
      card.hidePopover?.();
      card.hidden = true;
    }
    link = null;
  }

  async function show(wanted) {
    hide();
    link = wanted;
    load();
    const term = await found.get(wanted.dataset.clinicalTerm);
    if (!term || link !== wanted || !card.hidden) return;
    [term.title, term.summary, term.credit].forEach((text, index) => (parts[index].textContent = text));
    [card.lang, card.dir] = [term.lang, term.dir];
    (wanted.closest("dialog, main") ?? document.body).append(card);
    card.hidden = false;
    card.showPopover?.();
    describe([...described(), card.id]);
    place();
  }

  function over({ target, pointerType }) {
    if (target === card) return clearTimeout(waiting);
    const wanted = target.closest(marked);
    // A finger that touches a link follows it.
    if (!wanted || pointerType === "touch") return;
    clearTimeout(waiting);
    if (wanted !== link) waiting = setTimeout(show, 200, wanted);
  }

  function out({ target }) {
    if (target !== card && !target.closest(marked)) return;
    clearTimeout(waiting);
    // With time to move onto the card, and not while the link has the focus.
    waiting = setTimeout(() => link?.matches(":focus-visible") || hide(), 300);
  }

  document.addEventListener("pointerover", over);
  document.addEventListener("pointerout", out);
  document.addEventListener("focusin", ({ target }) => target.matches(`${marked}:focus-visible`) && show(target));
  document.addEventListener("focusout", ({ target }) => target === link && hide());
  document.addEventListener("keydown", ({ key: pressed }) => pressed === "Escape" && hide());
  addEventListener("scroll", place, { capture: true, passive: true });
  addEventListener("resize", place);
  if (own.dataset.load === "page") {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", load);
    else load();
  }
})();
