// The clocks of the participants: <time data-clock="Africa/Lagos" data-now="…"> shows what it is there now, by the server's time.
const loaded = performance.now();

function tick() {
  for (const clock of document.querySelectorAll("[data-clock]")) {
    const now = new Date(Date.parse(clock.dataset.now) + performance.now() - loaded);
    try {
      const text = new Intl.DateTimeFormat("en-GB", { timeZone: clock.dataset.clock, hour: "2-digit", minute: "2-digit" }).format(now);
      if (clock.textContent !== text) clock.textContent = text;
    } catch {
      // A zone that this browser does not know: what the server wrote stays.
    }
  }
}

setInterval(tick, 5000);
