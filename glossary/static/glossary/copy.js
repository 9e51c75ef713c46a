/**
 * Buttons and links that copy: `data-copy` holds the text, or names the element (`#id`) whose text it is. Where a link to
 * a section is copied, it leads there as well. What came of it is said in the page's `[data-copy-status]`.
 */
const said = document.querySelector("[data-copy-status]");

/** The clipboard is for secure pages only: on others, the browser's older way is tried. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = document.createElement("textarea");
    box.value = text;
    box.readOnly = true;
    box.className = "visually-hidden";
    const focused = document.activeElement;
    document.body.append(box);
    box.select();
    const isDone = document.execCommand("copy");
    box.remove();
    focused?.focus();
    return isDone;
  }
}

function textOf(element) {
  if (element.matches("a")) return element.href;
  const source = element.dataset.copy;
  if (!source.startsWith("#")) return source;
  const text = document.querySelector(source).textContent.trim();
  return "copyLines" in element.dataset ? text : text.replace(/\s+/g, " ");
}

document.addEventListener("click", async ({ target }) => {
  const element = target.closest("[data-copy]");
  if (!element) return;
  const isDone = await copy(textOf(element));
  // Emptied first: the same words again would not be read out.
  said.textContent = "";
  await new Promise(requestAnimationFrame);
  said.textContent = isDone ? said.dataset.copyStatus : said.dataset.copyFailed;
  element.toggleAttribute("data-copied", isDone);
  setTimeout(() => element.removeAttribute("data-copied"), 4000);
});
