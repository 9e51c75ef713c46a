/**
 * Suggests names while a reader types into a search box, which `search-box.js` has made a combobox.
 *
 * The form works without it: Enter asks for the page of results, and so does the button. A suggestion is a link to its
 * term, so that it opens in a new tab as links do.
 */

const PAUSE = 120;
const FEWEST = 2;

function start(form) {
  const box = form.querySelector("[data-search-box]");
  const list = form.querySelector("[data-search-list]");
  const status = form.querySelector("[data-search-status]");
  let options = [];
  let active = -1;
  let timer = 0;
  let asked = null; // what stops the answer that is awaited

  function close() {
    clearTimeout(timer);
    asked?.abort();
    list.hidden = true;
    box.ariaExpanded = "false";
    choose(-1);
  }

  function choose(number) {
    for (const option of options) option.ariaSelected = "false";
    active = number;
    const option = options[active];
    if (!option) return box.removeAttribute("aria-activedescendant");
    option.ariaSelected = "true";
    option.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", option.id);
  }

  function optionOf({ name, title, url }, number) {
    const option = document.createElement("a");
    option.className = "suggestions__option";
    // Addresses come as English pages have them; those of this page's language stand behind its home.
    option.href = form.dataset.searchHome + url.slice(1);
    option.id = `${list.id}-${number}`;
    option.role = "option";
    option.tabIndex = -1;
    option.ariaSelected = "false";
    option.append(name);
    if (title !== name) {
      const also = document.createElement("span");
      also.className = "suggestions__title";
      also.append(title);
      option.append(" ", also);
    }
    return option;
  }

  function show(suggestions) {
    // What a reader chose while the answer was on its way stays chosen.
    const chosen = options[active]?.href;
    choose(-1);
    options = suggestions.map(optionOf);
    form.querySelector("[data-search-options]").replaceChildren(...options);
    list.hidden = options.length === 0;
    box.ariaExpanded = String(options.length > 0);
    status.textContent = options.length ? `${status.dataset.some} ${options.length}` : status.dataset.none;
    choose(options.findIndex((option) => option.href === chosen));
  }

  async function ask() {
    const query = box.value.trim();
    asked?.abort();
    if (query.length < FEWEST) return close();
    asked = new AbortController();
    try {
      const address = `${form.dataset.search}?q=${encodeURIComponent(query)}`;
      const answer = await fetch(address, { signal: asked.signal, credentials: "omit" });
      if (answer.ok) show((await answer.json()).suggestions);
    } catch (error) {
      // Without an answer there are no suggestions; the form still works.
      if (error.name !== "AbortError") close();
    }
  }

  box.addEventListener("input", () => {
    choose(-1);
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = options.length - 1;
    const isOpen = !list.hidden;
    // From the box into the list and out of it again, round and round.
    const moves = { ArrowDown: active === last ? -1 : active + 1, ArrowUp: active === -1 ? last : active - 1 };
    if (active !== -1) Object.assign(moves, { Home: 0, End: last });
    if (isOpen && event.key in moves) choose(moves[event.key]);
    else if (event.key === "ArrowDown" && box.value.trim()) ask();
    else if (event.key === "Enter" && isOpen && active !== -1) options[active].click();
    else if (event.key === "Escape" && isOpen) close();
    else return;
    event.preventDefault();
  });
  box.addEventListener("blur", close);
  form.addEventListener("submit", close);
  // The focus stays in the box while a suggestion is pressed.
  list.addEventListener("pointerdown", (event) => event.pointerType === "mouse" && event.preventDefault());
  list.addEventListener("mousedown", (event) => event.preventDefault());
}

document.querySelectorAll("form[data-search]").forEach(start);
