// The browser's zone goes into the cookie `zone`, for the pages that follow. If this page speaks in another one,
// it offers to switch; it never reloads by itself, and a choice that somebody has made is never overwritten.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const form = document.getElementById("zone-offer");
const shown = document.querySelector("[data-zone]")?.dataset.zone;
const KEPT = "zone-kept";
const CHOSEN = "zone-chosen";

function sameClock(one, other) {
  const now = new Date();
  const read = (timeZone, at) => new Intl.DateTimeFormat("en", { timeZone, dateStyle: "short", timeStyle: "short" }).format(at);
  const later = new Date(now.getTime() + 182 * 86400000);
  try {
    return read(one, now) === read(other, now) && read(one, later) === read(other, later);
  } catch {
    return false;
  }
}

function chosen() {
  return /(?:^|; )zone=/.test(document.cookie);
}

// Where to come back to: what the page shows by now, with the time that is chosen on it, so that the instant stays.
function here() {
  const address = new URL(location.href);
  const time = document.querySelector("[data-time]:checked");
  if (time) {
    for (const name of ["day", "month", "taken", "why"]) address.searchParams.delete(name);
    address.searchParams.set("chosen", time.value);
  }
  return address.pathname + address.search;
}

// Whoever chooses another zone by hand is not asked about it again.
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-zone-here]")) event.target.elements.next.value = here();
  if (event.target.matches("[data-zone-form]")) localStorage.setItem(CHOSEN, zone);
});

if (zone) {
  if (!chosen()) document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  if (localStorage.getItem(CHOSEN) === zone) {
    localStorage.setItem(KEPT, `${zone} ${shown}`);
    localStorage.removeItem(CHOSEN);
  }
  const kept = localStorage.getItem(KEPT) === `${zone} ${shown}`;
  if (form && shown && !kept && !sameClock(zone, shown)) {
    form.elements.zone.value = zone;
    const words = document.createElement("span");
    words.textContent = form.dataset.text.replace("ZONE", zone.replaceAll("_", " "));
    form.querySelector(".sp").replaceWith(words);
    form.hidden = false;
    document.querySelector("main").before(form);
    form.querySelector("button[type=button]").addEventListener("click", () => {
      localStorage.setItem(KEPT, `${zone} ${shown}`);
      form.remove();
    });
  }
}
