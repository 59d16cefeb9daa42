// <button data-copy="#id-of-input-or-code" data-done="Copied">Copy</button>
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  if (!source) return;
  const text = source.value ?? source.textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Clipboard is refused outside a secure context: select the text, so that the person can copy it.
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    return;
  }
  const before = button.textContent;
  button.textContent = button.dataset.done || "✓";
  setTimeout(() => { button.textContent = before; }, 2000);
});
