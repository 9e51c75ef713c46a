/**
 * Turns a line of tag names (CSV) into a list with suggestions, made with the admin's own select2. The line stays the
 * form's field, and is what is posted.
 */

const $ = window.django.jQuery;

function read(line) {
  const names = [];
  for (const [, quoted, bare] of line.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/g)) {
    const name = (quoted?.replaceAll('""', '"') ?? bare).trim();
    if (name) names.push(name);
  }
  return names;
}

const write = (names) => names.map((name) => (/[",]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)).join(", ");

function upgrade(line) {
  const select = document.createElement("select");
  select.multiple = true;
  select.id = `${line.id}_choices`;
  select.append(...read(line.value).map((name) => new Option(name, name, true, true)));
  if (line.getAttribute("aria-describedby")) {
    select.setAttribute("aria-describedby", line.getAttribute("aria-describedby"));
  }
  for (const label of line.labels) label.htmlFor = select.id;
  line.after(select);
  line.type = "hidden";
  $(select)
    .select2({
      theme: "admin-autocomplete",
      width: "100%",
      tags: true,
      tokenSeparators: [","],
      ajax: {
        url: line.dataset.tags,
        delay: 250,
        cache: true,
        data: ({ term, page }) => ({ term: term ?? "", page: page ?? 1 })
      }
    })
    .on("change", () => {
      line.value = write([...select.selectedOptions].map((option) => option.value));
      line.dispatchEvent(new Event("input", { bubbles: true }));
    });

  // Something else wrote into the line.
  line.addEventListener("tags:refill", () => {
    select.replaceChildren(...read(line.value).map((name) => new Option(name, name, true, true)));
    $(select).trigger("change.select2");
  });

  // Enter takes what is typed. Left to select2, it takes whatever the list shows while suggestions are still on their
  // way, and drops the typed word when that is chosen already.
  const container = $(select).data("select2").$container[0];
  let walking = false;
  container.addEventListener("input", () => {
    walking = false;
  });
  container.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") walking = true;
      const field = event.target.closest(".select2-search__field");
      const typed = field?.value.trim();
      if (event.key !== "Enter" || !typed || walking) return;
      event.preventDefault();
      event.stopPropagation();
      const same = [...select.options].find((option) => option.value.toLowerCase() === typed.toLowerCase());
      if (same) same.selected = true;
      else select.append(new Option(typed, typed, true, true));
      field.value = "";
      $(select).select2("close").trigger("change");
    },
    true
  );
}

for (const line of document.querySelectorAll("input[data-tags]")) $(() => upgrade(line));
