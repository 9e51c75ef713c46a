/** Says of the editor's buttons, to everybody, when they do nothing for now. The editor itself only makes them pale. */

document.addEventListener("prose-editor:ready", ({ detail: { editor } }) => {
  const frame = editor.view.dom.closest(".prose-editor");
  function tell() {
    for (const button of frame.querySelectorAll(".prose-menubar__button")) {
      button.ariaDisabled = String(button.classList.contains("disabled"));
    }
  }
  // Once all listeners of the transaction ran: among them is the one that sets the class.
  editor.on("transaction", () => queueMicrotask(tell));
  tell();
});
