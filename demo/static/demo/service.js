// What a demonstration service does: it shows that it runs, and keeps one cookie. It sends nothing.
{
  const { name, cookie } = document.currentScript.dataset;
  document.cookie = `${cookie}=1; path=/; max-age=86400; samesite=lax`;
  const place =
    document.querySelector("[data-demo-services]") ?? document.body.appendChild(document.createElement("aside"));
  if (!place.dataset.demoServices) {
    place.dataset.demoServices = "shown";
    place.ariaLabel = "Demonstration services";
    Object.assign(place.style, {
      position: "fixed",
      insetBlockEnd: "var(--space-3)",
      insetInlineStart: "var(--space-3)",
      maxInlineSize: "calc(100vw - 2 * var(--space-3))",
      padding: "var(--space-2) var(--space-3)",
      border: "1px solid var(--colour-border-strong)",
      borderRadius: "var(--radius)",
      background: "var(--colour-surface-raised)",
      color: "var(--colour-text)",
      font: "var(--text-xs) var(--font-body)",
      pointerEvents: "none" // what is under it can be pressed
    });
  }
  const line = place.appendChild(document.createElement("p"));
  line.style.margin = "0";
  line.textContent = `${name} is running (cookie ${cookie}).`;
}
