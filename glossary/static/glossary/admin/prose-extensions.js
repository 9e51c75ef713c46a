/**
 * Links that are an address and nothing else, and numbered lists without attributes: what the glossary's allow-list keeps
 * (glossary/markup.py). The editor's own versions offer titles, targets, other protocols and list types that would be lost.
 */

import { Link, OrderedList, updateAttrsDialog } from "django-prose-editor/editor"

const KEPT = /^(?:https?:\/\/|mailto:|\/(?!\/)|#)/i

const complete = (address) => {
  const href = address.trim()
  if (!href || KEPT.test(href)) return href
  if (/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/.test(href)) return `mailto:${href}`
  return /^[a-z][a-z0-9+.-]*:/i.test(href) ? "" : `https://${href}`
}

const askForAddress = updateAttrsDialog(
  { href: { type: "string", title: "Web address" } },
  { title: "Link", submitText: "Set link" },
)

export const BareLink = Link.extend({
  addOptions() {
    return { ...this.parent?.(), defaultProtocol: "https", isAllowedUri: (uri) => KEPT.test(uri), enableTarget: false }
  },

  addAttributes() {
    return { href: { default: null, parseHTML: (element) => element.getAttribute("href") } }
  },

  addCommands() {
    return {
      ...this.parent?.(),
      addLink:
        () =>
        ({ editor }) => {
          const active = editor.isActive(this.name)
          if (editor.state.selection.empty && !active) return
          askForAddress(editor, editor.getAttributes(this.name)).then((attributes) => {
            if (!attributes) return
            const href = complete(attributes.href)
            const chain = editor.chain().focus().extendMarkRange(this.name)
            if (href) chain.setMark(this.name, { href }).run()
            else chain.unsetMark(this.name).run()
          })
        },
    }
  },
})

export const BareOrderedList = OrderedList.extend({
  addOptions() {
    return { ...this.parent?.(), enableListAttributes: false }
  },

  addAttributes() {
    return {}
  },
})
