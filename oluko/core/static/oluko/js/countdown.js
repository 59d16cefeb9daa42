// Counts down to data-deadline from the server's now, never from the visitor's clock.
// At zero the element sends `countdown:end`, which bubbles, so that htmx may listen for it.
const running = new Set();

export function left(milliseconds) {
  const total = Math.max(0, Math.floor(milliseconds / 1000));
  const days = Math.floor(total / 86400);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor((total % 86400) / 3600);
  const clock = `${two(Math.floor((total % 3600) / 60))}:${two(total % 60)}`;
  if (days) return `${days} d ${hours} h`;
  return hours ? `${two(hours)}:${clock}` : clock;
}

function start(root) {
  for (const element of root.querySelectorAll("[data-deadline]:not([data-counting])")) {
    const deadline = Date.parse(element.dataset.deadline);
    const now = Date.parse(element.dataset.serverNow);
    if (Number.isNaN(deadline) || Number.isNaN(now)) continue;
    element.dataset.counting = "";
    // What was over before the page came ended without us: only a passing zero is an event.
    running.add({ element, ends: performance.now() + deadline - now, over: deadline <= now });
  }
  tick();
}

function tick() {
  for (const count of running) {
    if (!count.element.isConnected) {
      running.delete(count);
      continue;
    }
    const rest = count.ends - performance.now();
    const text = left(rest);
    if (count.element.textContent !== text) count.element.textContent = text;
    if (rest <= 0) {
      running.delete(count);
      if (!count.over) count.element.dispatchEvent(new CustomEvent("countdown:end", { bubbles: true }));
    }
  }
}

setInterval(tick, 500);
start(document);
document.addEventListener("htmx:load", (event) => start(event.target.parentElement ?? document));
