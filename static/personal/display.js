/** The colours and the text size that a reader chooses, on every page. `early.js` puts them on before the next is painted. */
import { follow, isKept, isNamed, read, write } from "./keeping.js";

const KEY = "glossary.display";
const root = document.documentElement;
const panel = document.querySelector("[data-display]");
const bars = [...document.querySelectorAll('meta[name="theme-color"]')];
const colours = bars.map((bar) => bar.content);

const chosen = () =>
  Object.fromEntries([...read(KEY).matchAll(/(theme|text)=([a-z]+)/g)].map(([, name, value]) => [name, value]));

function show() {
  const now = chosen();
  for (const name of ["theme", "text"]) {
    if (now[name]) root.dataset[name] = now[name];
    else delete root.dataset[name];
    for (const input of panel?.querySelectorAll(`[name="${name}"]`) ?? [])
      input.checked = input.value === (now[name] ?? "");
  }
  // The browser's own bar follows the page.
  bars.forEach((bar, index) => {
    bar.content = { light: colours[0], dark: colours[1] }[now.theme] ?? colours[index];
  });
  for (const note of panel?.querySelectorAll("[data-display-kept]") ?? []) note.hidden = !isKept(KEY);
  for (const note of panel?.querySelectorAll("[data-display-passing]") ?? []) note.hidden = isKept(KEY);
  for (const part of panel?.querySelectorAll("[data-needs-permission]") ?? []) part.hidden = !isNamed(KEY);
}

function close(returns = true) {
  if (!panel?.open) return;
  panel.open = false;
  if (returns) panel.querySelector("summary").focus();
}

panel?.addEventListener("change", ({ target }) => {
  const next = { ...chosen(), [target.name]: target.value };
  write(
    KEY,
    ["theme", "text"]
      .filter((name) => next[name])
      .map((name) => `${name}=${next[name]}`)
      .join(" ")
  );
  show();
});
panel?.addEventListener("keydown", ({ key }) => key === "Escape" && close());
document.addEventListener("click", ({ target, isTrusted }) => {
  // A press elsewhere that waited for its script (first-use.js) was made before this panel was opened.
  if (isTrusted && !panel?.contains(target)) close(false);
});
panel?.addEventListener("focusout", ({ relatedTarget }) => {
  if (relatedTarget && !panel.contains(relatedTarget)) close(false);
});
follow(show);
