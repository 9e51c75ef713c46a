/**
 * Puts the rows of an inline in order, by a handle (mouse, pen, finger) and by buttons.
 *
 * The order on the page is what counts: each change writes it into the rows' position fields. A row is moved by moving
 * its neighbours around it, so that it keeps the focus and the pointer.
 */

const EDGE = 48; // px from the window's edge at which dragging scrolls

for (const group of document.querySelectorAll("[data-ordered-rows]")) {
  const noun = group.dataset.orderedRows;
  const status = group.querySelector("[data-ordered-rows-status]");
  const rows = () => [...group.querySelectorAll(".inline-related:not(.empty-form)")];

  function number() {
    const all = rows();
    all.forEach((row, index) => {
      const name = `${noun} ${index + 1}`;
      row.querySelector("[data-ordered-row-position] input").value = index + 1;
      row.querySelector(".inline_label").textContent = `#${index + 1}`;
      for (const link of row.querySelectorAll(".inline-deletelink")) link.ariaLabel = `Remove ${name}`;
      for (const button of row.querySelectorAll("[data-ordered-row-move]")) {
        const up = button.dataset.orderedRowMove === "-1";
        button.ariaLabel = `Move ${name} ${up ? "up" : "down"}`;
        // Not disabled: a disabled button would lose the focus on the way to the end.
        button.ariaDisabled = String(up ? index === 0 : index === all.length - 1);
      }
    });
  }

  function move(row, step) {
    const all = rows();
    const neighbour = all[all.indexOf(row) + step];
    if (!neighbour) return false;
    if (step < 0) row.after(neighbour);
    else row.before(neighbour);
    number();
    return true;
  }

  function announce(row) {
    const all = rows();
    status.textContent = `Moved to position ${all.indexOf(row) + 1} of ${all.length}.`;
    group.closest("form").dispatchEvent(new Event("input", { bubbles: true }));
  }

  function drag(row, start) {
    row.classList.add("ordered-row--dragged");
    let moved = false;
    function follow(event) {
      if (event.pointerId !== start.pointerId) return;
      const all = rows();
      const index = all.indexOf(row);
      function middle(other) {
        const box = other.getBoundingClientRect();
        return box.top + box.height / 2;
      }
      if (index > 0 && event.clientY < middle(all[index - 1])) moved = move(row, -1) || moved;
      else if (index < all.length - 1 && event.clientY > middle(all[index + 1])) moved = move(row, 1) || moved;
      if (event.clientY < EDGE) scrollBy(0, -EDGE / 4);
      else if (event.clientY > innerHeight - EDGE) scrollBy(0, EDGE / 4);
    }
    function stop(event) {
      if (event.pointerId !== start.pointerId) return;
      row.classList.remove("ordered-row--dragged");
      document.removeEventListener("pointermove", follow);
      document.removeEventListener("pointerup", stop);
      document.removeEventListener("pointercancel", stop);
      if (moved) announce(row);
    }
    document.addEventListener("pointermove", follow);
    document.addEventListener("pointerup", stop);
    document.addEventListener("pointercancel", stop);
  }

  group.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest("[data-ordered-row-handle]");
    if (!handle || event.button !== 0) return;
    event.preventDefault();
    drag(handle.closest(".inline-related"), event);
  });

  group.addEventListener("click", (event) => {
    const button = event.target.closest("[data-ordered-row-move]");
    if (!button) return;
    const row = button.closest(".inline-related");
    if (move(row, Number(button.dataset.orderedRowMove))) announce(row);
  });

  for (const element of group.querySelectorAll("[data-ordered-row-handle], [data-ordered-row-moves]")) {
    element.hidden = false;
  }
  for (const element of group.querySelectorAll("[data-ordered-row-position]")) element.hidden = true;

  // The admin's own script adds and removes rows, renumbers their fields, and then their labels.
  group.addEventListener("formset:added", number);
  document.addEventListener("formset:removed", () => queueMicrotask(number));
  // jQuery's own queue, and not an event of the page: behind the admin's script, which gives the rows their links for
  // removing.
  window.django.jQuery(() => number());
}
