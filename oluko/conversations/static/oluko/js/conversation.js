// A thread that is looked at is read; what arrives is said to screen readers; files that are too large stay here.
const thread = document.getElementById("thread");
const news = document.getElementById("news");
const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

// Somebody who looks at the page has read what is on it. The line above the new messages stays while they do.
async function markRead() {
  const form = document.getElementById("read");
  if (!form) return;
  form.hidden = true;
  if (document.hidden) return;
  const answer = await fetch(form.action, {
    method: "POST",
    body: new URLSearchParams({ last: form.elements.last.value }),
    headers: { "X-CSRFToken": token(), Accept: "application/json" },
  }).catch(() => null);
  if (answer?.ok) form.remove();
}

function last() {
  return thread?.querySelector(".turns:last-of-type > .turn:last-child .bubble:last-child")?.id ?? "";
}

let before = "";
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target === thread) before = last();
  // The words of a refusal belong beside the field, whatever its number.
  if (event.detail.requestConfig?.elt?.id === "write" && event.detail.xhr.status === 429) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target === thread) {
    const now = last();
    if (now !== before && !document.getElementById(now)?.closest(".mine")) news.textContent = thread.dataset.news;
    markRead();
  }
  if (event.detail.elt?.id === "write") document.querySelector("#write textarea")?.focus();
});
document.addEventListener("visibilitychange", markRead);

function say(words) {
  const box = document.querySelector("#write .attach > [role=alert]");
  if (!box) return;
  box.firstElementChild.textContent = words;
  box.hidden = !words;
}

// What the server would refuse for its size is not sent to it.
function tooLarge(form) {
  const input = form.querySelector("input[type=file]");
  const files = [...(input?.files ?? [])];
  return files.length > 4 || files.some((file) => file.size > Number(input.dataset.largest));
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("#write");
  if (form && event.target.type === "file") say(tooLarge(form) ? form.dataset.tooLarge : "");
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id !== "write" || !tooLarge(event.detail.elt)) return;
  event.preventDefault();
  say(event.detail.elt.dataset.tooLarge);
});
for (const failure of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(failure, (event) => {
    if (event.detail.elt.id !== "write" || event.detail.xhr?.status === 429) return;
    const words = event.detail.elt.dataset;
    const text = event.detail.xhr?.status === 413 ? words.tooLarge : words.failed;
    document.dispatchEvent(new CustomEvent("toast", { detail: { text, kind: "error" } }));
  });
}

// Ctrl or Command and Enter send, as people expect; Enter alone is a new line.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.closest?.("#write")?.requestSubmit();
});

markRead();
