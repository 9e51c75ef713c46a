/**
 * Shows beside an automatic link what it leads to: on hover, on keyboard focus, and at the first tap.
 *
 * As WCAG 1.4.13 has it: Escape closes the card, the pointer may move onto it, and it stays until pointer and focus have
 * left. What it shows stands in the page; nothing is asked of the server.
 */

const OPEN_AFTER = 250;
const CLOSE_AFTER = 300;
const GAP = 8;

function start(template) {
  template.after(template.content.cloneNode(true));
  const card = template.nextElementSibling;
  const content = card.querySelector("[data-term-card-content]");
  const read = card.querySelector("[data-term-card-open]");
  const positioned = CSS.supports("anchor-name: --term-link");
  let link = null; // the one beside which the card is shown
  let pointer = "mouse";
  let timer = 0;

  function close() {
    clearTimeout(timer);
    if (!link) return;
    card.hidePopover();
    link.removeAttribute("aria-describedby");
    delete link.dataset.carded;
    link = null;
  }

  function place() {
    const at = link.getClientRects()[0];
    const below = at.bottom + GAP + card.offsetHeight < innerHeight;
    const left = Math.min(at.left, document.documentElement.clientWidth - card.offsetWidth - GAP);
    card.style.setProperty("--card-top", `${below ? at.bottom + GAP : at.top - GAP - card.offsetHeight}px`);
    card.style.setProperty("--card-left", `${Math.max(GAP, left)}px`);
  }

  function open(next, byTouch = false) {
    clearTimeout(timer);
    if (next === link) return;
    const source = document.querySelector(`template[data-card-of="${CSS.escape(next.dataset.card)}"]`);
    if (!source) return;
    close();
    link = next;
    content.replaceChildren(source.content.cloneNode(true));
    read.href = link.href;
    card.toggleAttribute("data-touch", byTouch);
    link.dataset.carded = "";
    link.setAttribute("aria-describedby", card.id);
    card.showPopover();
    if (!positioned) place();
  }

  const isHeld = () => link.matches(":hover, :focus-visible") || card.matches(":hover, :focus-within");
  function closeSoon() {
    clearTimeout(timer);
    timer = setTimeout(() => link && !isHeld() && close(), CLOSE_AFTER);
  }

  const linkOf = (event) => (event.target instanceof Element ? event.target.closest("a[data-card]") : null);

  document.addEventListener("pointerdown", (event) => {
    pointer = event.pointerType;
    if (link && !linkOf(event) && !card.contains(event.target)) close();
  });
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const over = linkOf(event);
    if (over === link && over) clearTimeout(timer);
    else if (over) {
      clearTimeout(timer);
      timer = setTimeout(() => over.matches(":hover") && open(over), OPEN_AFTER);
    } else if (card.contains(event.target)) clearTimeout(timer);
  });
  document.addEventListener("pointerout", (event) => {
    if (event.pointerType === "touch") return;
    if (linkOf(event) || card.contains(event.target)) closeSoon();
  });
  document.addEventListener("focusin", (event) => {
    const focused = linkOf(event);
    if (focused?.matches(":focus-visible")) open(focused);
    else if (link && !card.contains(event.target) && !link.matches(":hover")) close();
  });
  document.addEventListener("focusout", (event) => {
    if (linkOf(event) || card.contains(event.target)) closeSoon();
  });
  document.addEventListener("click", (event) => {
    const tapped = linkOf(event);
    // The first tap shows the card, the second follows the link. Whoever holds a key wants a tab or window.
    if (pointer !== "touch" || !tapped || tapped === link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(tapped, true);
  });
  document.addEventListener("keydown", (event) => {
    pointer = "keyboard";
    if (event.key === "Escape") close();
  });
  // Where the browser can't tie the card to its link, it would stay behind.
  if (!positioned) document.addEventListener("scroll", close, { passive: true });
}

const template = document.querySelector("template[data-term-card]");
if (template && "popover" in HTMLElement.prototype) start(template);
