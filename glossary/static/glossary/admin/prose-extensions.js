/**
 * Links that are an address and nothing else, and numbered lists without attributes: what the glossary's allow-list keeps
 * (glossary/document/markup.py). The editor's own versions offer titles, targets, other protocols and list types that would be lost.
 */

import { Link, OrderedList, updateAttrsDialog } from "django-prose-editor/editor";

const KEPT = /^(?:https?:\/\/|mailto:|\/(?!\/)|#)/i;

// “example.org/page”: a host whose last part is letters, which a word or the number of a chromosome isn't.
const HOST = /^[^\s/?#@:]+\.\p{L}{2,}(?::\d+)?(?:[/?#]\S*)?$/u;
const NO_TERM = "none of these";

/** Returns the whole address, "" where nothing is typed, and null for what is no address. */
function complete(typed) {
  const href = typed.trim();
  if (!href || KEPT.test(href)) return href;
  if (/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/.test(href)) return `mailto:${href}`;
  return HOST.test(href) ? `https://${href}` : null;
}

/** Asks the server for terms that are called what was typed instead of an address: title → path. */
async function termsCalled(typed) {
  const page = document.querySelector("[data-term-form]");
  if (!page) return new Map();
  const query = new URLSearchParams({ title: typed, term: page.dataset.term === "new" ? "" : page.dataset.term });
  try {
    const answer = await fetch(`${page.dataset.similar}?${query}`, { redirect: "manual" });
    const found = answer.ok ? (await answer.json()).similar : [];
    return new Map(found.map(({ title, address }) => [title, address]));
  } catch {
    return new Map(); // not reachable: the address can still be typed
  }
}

const dialog = (description, titles) =>
  updateAttrsDialog(
    {
      href: { type: "string", title: "Web address", description },
      ...(titles.length && { term: { title: "Term of this glossary", enum: [...titles, NO_TERM] } })
    },
    { title: "Link", submitText: "Set link" }
  );

/** Asks until there is an address or a term. Returns where to link to, "" for nowhere, and null if that was called off. */
async function askForAddress(editor, href) {
  let typed = href;
  let description = "";
  let terms = new Map();
  for (;;) {
    const titles = [...terms.keys()];
    const answer = await dialog(description, titles)(editor, { href: typed, term: titles[0] });
    if (!answer) return null;
    const address = complete(answer.href);
    if (address !== null) return address;
    if (terms.has(answer.term)) return terms.get(answer.term);
    typed = answer.href.trim();
    terms = await termsCalled(typed);
    description = `“${typed}” is not a web address, such as https://www.example.org/page.${
      terms.size ? " Correct it, or link to the term below." : ""
    }`;
  }
}

export const BareLink = Link.extend({
  addOptions() {
    return { ...this.parent?.(), defaultProtocol: "https", isAllowedUri: (uri) => KEPT.test(uri), enableTarget: false };
  },

  addAttributes() {
    return { href: { default: null, parseHTML: (element) => element.getAttribute("href") } };
  },

  addCommands() {
    return {
      ...this.parent?.(),
      addLink:
        () =>
        ({ editor }) => {
          const active = editor.isActive(this.name);
          if (editor.state.selection.empty && !active) return;
          askForAddress(editor, editor.getAttributes(this.name).href).then((href) => {
            if (href === null) return;
            const chain = editor.chain().focus().extendMarkRange(this.name);
            if (href) chain.setMark(this.name, { href }).run();
            else chain.unsetMark(this.name).run();
          });
        }
    };
  }
});

export const BareOrderedList = OrderedList.extend({
  addOptions() {
    return { ...this.parent?.(), enableListAttributes: false };
  },

  addAttributes() {
    return {};
  }
});
