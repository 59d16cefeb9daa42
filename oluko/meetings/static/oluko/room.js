// The clocks of the participants: <span data-clock="Africa/Lagos" data-now="…"> shows what it is there now, by the server's
// time. What htmx swaps in counts from when it is first seen.
const seen = new WeakMap();

function tick() {
  for (const clock of document.querySelectorAll("[data-clock]")) {
    if (!seen.has(clock)) seen.set(clock, performance.now());
    const now = new Date(Date.parse(clock.dataset.now) + performance.now() - seen.get(clock));
    try {
      const text = new Intl.DateTimeFormat("en-GB", { timeZone: clock.dataset.clock, hour: "2-digit", minute: "2-digit" }).format(now);
      if (clock.textContent !== text) clock.textContent = text;
    } catch {
      // A zone that this browser does not know: what the server wrote stays.
    }
  }
}

tick();
setInterval(tick, 5000);
document.addEventListener("htmx:afterSettle", tick);
