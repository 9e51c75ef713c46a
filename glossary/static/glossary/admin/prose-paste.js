/** Brings what is pasted into the shape that the glossary keeps, and says below the field what became of the rest. */

import { converted } from "./pasted.js";

const many = (count, one, other) => (count === 1 ? `1 ${one}` : `${count} ${other}`);

const NOT_KEPT = {
  images: (count) => `${many(count, "image was", "images were")} left out.`,
  comments: (count) => `${many(count, "comment was", "comments were")} left out.`,
  tables: (count) =>
    `${many(count, "table became", "tables became")} lines: a line for each row, with dashes between the cells.`,
  headings: (count) => many(count, "heading became a bold paragraph.", "headings became bold paragraphs."),
  footnotes: (count) =>
    `${many(count, "footnote became", "footnotes became")} plain text, such as “(footnote 1)”. ` +
    "Add them as references, and cite those as [1].",
  links: (count) =>
    `${many(count, "link", "links")} to a place in the document, or to a file on a computer, became plain text.`,
  colours: (count) => `Colours were left out (${many(count, "place", "places")}): say in words what they meant.`,
  struck: (count) =>
    `Struck-out text became plain text (${many(count, "place", "places")}): remove what should not be read.`,
  underlined: (count) => `Underlines were left out (${many(count, "place", "places")}).`,
  alignments: (count) => `Alignment was left out (${many(count, "paragraph", "paragraphs")}).`
};

function report(place, lost) {
  const lines = Object.entries(NOT_KEPT).flatMap(([kind, words]) => (lost[kind] ? [words(lost[kind])] : []));
  place.replaceChildren();
  if (!lines.length) return;
  const heading = document.createElement("p");
  heading.textContent = "What you pasted was changed:";
  const list = document.createElement("ul");
  for (const line of lines) {
    const item = document.createElement("li");
    item.textContent = line;
    list.append(item);
  }
  place.append(heading, list);
}

document.addEventListener("prose-editor:ready", ({ detail: { editor } }) => {
  // There before it says something, so that it is read out.
  const place = document.createElement("div");
  place.className = "paste-report";
  place.role = "status";
  const frame = editor.view.dom.closest(".prose-editor");
  const row = frame.closest(".flex-container") ?? frame;
  row.after(place);
  editor.view.setProps({
    transformPastedHTML: (html) => {
      // From this editor or another one of the page.
      if (html.includes("data-pm-slice")) return html;
      const { html: kept, lost } = converted(html);
      report(place, lost);
      return kept;
    }
  });
});
