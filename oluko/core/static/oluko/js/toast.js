// Toasts leave by themselves in CSS. Here: closing by hand, and toasts from the server by `HX-Trigger: {"toast": {...}}`.
const place = () => document.getElementById("toasts");

function closable(root) {
  for (const toast of root.querySelectorAll(".toast:not(.js)")) {
    let button = toast.querySelector("button");
    if (!button) {
      button = document.createElement("button");
      button.type = "button";
      button.textContent = "×";
      button.setAttribute("aria-label", place()?.dataset.close || "×");
      toast.append(button);
    }
    toast.classList.add("js");
    button.addEventListener("click", () => toast.remove());
    toast.addEventListener("animationend", (event) => { if (event.animationName === "leave") toast.remove(); });
  }
}

/** Show a toast; `kind` is empty or "error" (which stays until it is closed). */
export function toast(text, kind = "") {
  const element = document.createElement("div");
  element.className = `toast ${kind}`;
  const words = document.createElement("span");
  words.textContent = text;
  element.append(words);
  place().append(element);
  closable(place());
}

closable(document);
document.addEventListener("toast", (event) => toast(event.detail.text ?? event.detail.value, event.detail.kind));
document.addEventListener("htmx:oobAfterSwap", () => closable(document));
document.addEventListener("htmx:afterSettle", () => closable(document));
