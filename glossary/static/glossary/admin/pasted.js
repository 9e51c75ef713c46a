/**
 * Turns what was copied from Word, Google Docs or LibreOffice into what the glossary's texts can hold
 * (glossary/document/markup.py), and counts what they cannot.
 */

const KEPT_LINK = /^(?:https?:\/\/|mailto:|\/(?!\/)|#)/i;
// Places inside of a word processor's document.
const INNER_LINK = /^#(?:_|ftnt|cmnt|sdfootnote|sdendnote|heading=|bookmark=)/i;
const FOOTNOTE = /^#(?:_ftn|_edn|ftnt|sdfootnote|sdendnote)/i;
const FOOTNOTE_SIGN = /^\s*\[?([\da-z*†‡]{1,6})\]?\s*$/i;
const COMMENT_LINK = /^#(?:_msocom|cmnt)/i;
const WORD_LIST = /mso-list:\s*l\d+\s+level(\d+)/i;
const BLOCKS = "p, div, h1, h2, h3, h4, h5, h6, li, ul, ol, table, blockquote, pre";
const NO_COLOUR = /^(?:|#0{3}|#0{6}|black|windowtext|auto|automatic|inherit|initial|currentcolor|rgb\(0, ?0, ?0\))$/i;
const NO_BACKGROUND = /^(?:|none|transparent|auto|inherit|initial|white|#fff|#ffffff|rgb\(255, ?255, ?255\))$/i;

// The policy of the page refuses styles, also in documents that are only parsed: attributes get another name.
const withoutStyles = (html) =>
  html
    .replace(/<style[\s>][\s\S]*?<\/style\s*>/gi, "")
    .replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/(\s)style\s*=/gi, "$1data-style="));
const styleOf = (element) => element.dataset.style ?? "";
const valueIn = (style, name) =>
  style
    .match(new RegExp(`(?:^|;)\\s*${name}\\s*:\\s*([^;]*)`, "i"))?.[1]
    .trim()
    .replace(/\s*!important$/, "") ?? "";
const has = (element) => element.textContent.trim() !== "";
const unwrap = (element) => element.replaceWith(...element.childNodes);

function made(root, tag, ...children) {
  const element = root.ownerDocument.createElement(tag);
  element.append(...children);
  return element;
}

function countLooks(root, lost) {
  for (const element of root.querySelectorAll("[data-style], font[color], mark, s, strike, del, u, [align]")) {
    if (!has(element) || element.closest("a")) continue;
    const style = styleOf(element);
    const around = element.parentElement ? styleOf(element.parentElement) : "";
    const colour = valueIn(style, "color") || element.getAttribute("color") || "";
    const background = valueIn(style, "background(?:-color)?") || valueIn(style, "mso-highlight");
    const isColoured = !NO_COLOUR.test(colour) && colour !== valueIn(around, "color");
    if (element.matches("mark") || isColoured || !NO_BACKGROUND.test(background)) lost.colours++;
    const line = valueIn(style, "text-decoration(?:-line)?");
    if (element.matches("s, strike, del") || line.includes("line-through")) lost.struck++;
    if (element.matches("u") || line.includes("underline")) lost.underlined++;
    const align = valueIn(style, "text-align") || element.getAttribute("align") || "";
    if (/^(?:center|right|end)$/i.test(align)) lost.alignments++;
  }
}

function convertImages(root, lost) {
  for (const image of root.querySelectorAll("img, svg, picture, object, canvas, video, audio")) {
    if (image.parentElement?.closest("picture, object")) continue;
    lost.images++;
  }
  for (const image of root.querySelectorAll("img, svg, picture, object, canvas, video, audio")) image.remove();
}

function convertComments(root, lost) {
  const listed = root.querySelectorAll(`[data-style*="mso-element:comment"]`);
  const anchors = [...root.querySelectorAll("a[href]")].filter((link) => COMMENT_LINK.test(link.getAttribute("href")));
  const numbers = new Set(anchors.map((link) => link.getAttribute("href").match(/\d+/)?.[0]));
  lost.comments += numbers.size || listed.length;
  for (const element of [...listed, ...anchors]) element.remove();
}

function convertLinks(root, lost) {
  const notes = new Set();
  for (const link of root.querySelectorAll("a")) {
    const href = link.getAttribute("href") ?? "";
    if (FOOTNOTE.test(href)) {
      const sign = link.textContent.match(FOOTNOTE_SIGN)?.[1];
      // “[1]” would cite the first reference of the term.
      if (sign) {
        link.replaceWith(` (footnote ${sign})`);
        notes.add(sign);
      } else unwrap(link);
    } else if (!KEPT_LINK.test(href) || INNER_LINK.test(href)) {
      if (href && has(link)) lost.links++;
      unwrap(link);
    }
  }
  lost.footnotes += notes.size;
}

function convertTables(root, lost) {
  // Inner ones first.
  for (const table of [...root.querySelectorAll("table")].reverse()) {
    lost.tables++;
    const lines = [...table.querySelectorAll("caption, tr")].map((row) => {
      if (row.matches("caption")) return made(root, "p", ...row.childNodes);
      const line = made(root, "p");
      [...row.children].forEach((cell, at) => {
        if (at) line.append(" — ");
        for (const block of cell.querySelectorAll(`${BLOCKS}, br`)) {
          block.before(" ");
          if (block.matches("br")) block.remove();
          else {
            block.after(" ");
            unwrap(block);
          }
        }
        line.append(...cell.childNodes);
      });
      return line;
    });
    table.replaceWith(...lines.filter((line) => line.textContent.replaceAll("—", "").trim()));
  }
}

function convertHeadings(root, lost) {
  for (const heading of root.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    if (WORD_LIST.test(styleOf(heading))) continue;
    if (has(heading)) lost.headings++;
    heading.replaceWith(made(root, "p", made(root, "strong", ...heading.childNodes)));
  }
}

/** Takes the sign or number of a list off the beginning of Word's paragraph, and returns it. */
function takeMarker(paragraph) {
  const ignored = [...paragraph.querySelectorAll("[data-style]")].find((part) =>
    /mso-list:\s*ignore/i.test(styleOf(part))
  );
  if (ignored) {
    const marker = ignored.textContent.trim();
    ignored.remove();
    return marker;
  }
  const walker = paragraph.ownerDocument.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
  const text = walker.nextNode();
  const found = text?.data.match(/^\s*([·•o§▪–-]|\(?(?:\d{1,3}|[a-z]{1,4})[.)])\s+/i);
  if (!found) return "";
  text.data = text.data.slice(found[0].length);
  return found[1];
}

const NUMBER = /^\(?(\d{1,3}|[a-z]{1,4})[.)]/i;

/** Returns whether this number may begin a list, which counts from one. */
const isFirst = (number) => /^(?:1|a|i)$/i.test(number);

function convertWordLists(root) {
  const paragraphs = [...root.querySelectorAll("p, h1, h2, h3, h4, h5, h6, div")];
  let lists = [];
  let last = null;
  for (const paragraph of paragraphs) {
    const level = Number(styleOf(paragraph).match(WORD_LIST)?.[1] ?? 0);
    if (!level || paragraph.querySelector("p, div")) continue;
    // Another paragraph between ends the lists.
    if (paragraph.previousElementSibling !== last) lists = [];
    const marker = takeMarker(paragraph);
    const number = marker.match(NUMBER)?.[1];
    const tag = number ? "ol" : "ul";
    lists = lists.slice(0, level);
    const open = lists.at(-1);
    if (lists.length === level && !open.matches(tag)) lists.pop();
    if (lists.length < level && number && !isFirst(number)) {
      // A list would give it another number.
      paragraph.prepend(`${marker} `);
      last = paragraph;
      lists = [];
      continue;
    }
    const item = made(root, "li", made(root, "p", ...paragraph.childNodes));
    if (lists.length < level) {
      const list = made(root, tag);
      const parent = lists.at(-1)?.lastElementChild;
      // Levels that are left out are no levels here.
      if (parent) parent.append(list);
      else paragraph.before(list);
      lists.push(list);
      while (lists.length < level) lists.push(list);
    }
    lists.at(-1).append(item);
    paragraph.remove();
    last = lists[0];
  }
}

const EMPHASIS = [
  ["strong", "font-weight", /^(?:bold|bolder|[6-9]00)$/i],
  ["em", "font-style", /^(?:italic|oblique)$/i],
  ["sup", "vertical-align", /^super$/i],
  ["sub", "vertical-align", /^sub$/i]
];

/** Makes elements of emphasis that is only a style. Google Docs puts a bold element that isn't bold around everything. */
function convertEmphasis(root) {
  for (const element of root.querySelectorAll("b[data-style], strong[data-style]")) {
    if (/^(?:normal|400)$/i.test(valueIn(styleOf(element), "font-weight"))) unwrap(element);
  }
  for (const element of root.querySelectorAll("span[data-style]")) {
    for (const [tag, name, values] of EMPHASIS) {
      if (values.test(valueIn(styleOf(element), name))) element.append(made(root, tag, ...element.childNodes));
    }
  }
}

/** Lists directly in lists, as Google Docs writes them, belong to the item before. */
function convertInnerLists(root) {
  for (const list of root.querySelectorAll("ul > ul, ul > ol, ol > ul, ol > ol")) {
    const item = list.previousElementSibling;
    if (item?.matches("li")) item.append(list);
    else list.replaceWith(made(root, "li", list.cloneNode(true)));
  }
}

/** Returns HTML for the editor, and how many of what it cannot hold there were. */
export function converted(html) {
  const lost = {
    images: 0,
    tables: 0,
    headings: 0,
    footnotes: 0,
    comments: 0,
    links: 0,
    colours: 0,
    struck: 0,
    underlined: 0,
    alignments: 0
  };
  const root = new DOMParser().parseFromString(withoutStyles(html), "text/html").body;
  for (const element of root.querySelectorAll("script, style, template, xml, title, meta, link")) element.remove();
  convertComments(root, lost);
  countLooks(root, lost);
  convertImages(root, lost);
  convertLinks(root, lost);
  convertWordLists(root);
  convertEmphasis(root);
  convertTables(root, lost);
  convertHeadings(root, lost);
  convertInnerLists(root);
  // Word's blank lines, and what held an image.
  for (const paragraph of root.querySelectorAll("p")) if (!has(paragraph)) paragraph.remove();
  return { html: root.innerHTML, lost };
}
