// Fragments that follow the server: <div data-poll data-etag='"…"' hx-get="…" hx-trigger="every 5s, wake, countdown:end">.
// The tag of what is on the page goes with each question, so that an unchanged answer is a bare 304 and swaps nothing.
// While a person writes in the fragment, or has something open there, it stays as it is.
const isLive = (element) => element instanceof Element && element.matches("[data-poll][data-etag]");

function inUse(live) {
  const focused = document.activeElement;
  const writing = focused && live.contains(focused) && focused.matches("input, textarea, select");
  return Boolean(writing || live.querySelector("details[open], dialog[open]"));
}

document.addEventListener("htmx:configRequest", (event) => {
  const live = event.detail.elt;
  if (isLive(live)) event.detail.headers["If-None-Match"] = live.dataset.etag;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const live = event.detail.requestConfig?.elt;
  if (!isLive(live)) return;
  if (event.detail.xhr.status === 304 || (event.detail.xhr.status < 300 && inUse(live))) {
    event.detail.shouldSwap = false;
    return;
  }
  const tag = event.detail.xhr.getResponseHeader("ETag");
  if (tag) live.dataset.etag = tag;
});

// On a phone the row of tabs is wider than the screen: the one that is open is brought into sight.
function showTab() {
  const tab = document.querySelector(".tabs [aria-current]");
  if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 24;
}

showTab();
document.addEventListener("htmx:afterSettle", showTab);
