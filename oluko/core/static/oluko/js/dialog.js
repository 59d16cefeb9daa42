// <a href="#new" data-dialog="new"> opens <dialog id="new">. Without this file the link's own target does it (:target).
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (!dialog || typeof dialog.showModal !== "function") return;
    event.preventDefault();
    dialog.showModal();
    dialog.querySelector("[autofocus], input:not([type=hidden]), select, textarea")?.focus();
    return;
  }
  const closer = event.target.closest("dialog [data-close]");
  const dialog = closer?.closest("dialog") ?? (event.target instanceof HTMLDialogElement ? event.target : null);
  if (!dialog?.open) return;
  event.preventDefault();
  dialog.close();
});

// A form that came back with errors is shown again at once.
for (const dialog of document.querySelectorAll("dialog[data-open]")) {
  dialog.removeAttribute("open");
  dialog.showModal();
  dialog.querySelector("[aria-invalid=true]")?.focus();
}
