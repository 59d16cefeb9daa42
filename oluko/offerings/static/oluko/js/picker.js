// The month by keyboard (arrows, Home, End, PageUp, PageDown); the first press of a time selects, the second books.
// Without this file the page is complete: days are links, times are radio buttons, the form has its buttons.
let wanted = null; // what gets the focus after the next swap: a date, or "times"
let chosen = null;

const picker = () => document.getElementById("picker");
const days = () => [...picker().querySelectorAll("[data-date]")];
const shift = (date, count) => {
  const moved = new Date(`${date}T12:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + count);
  return moved.toISOString().slice(0, 10);
};

function rove(current) {
  for (const day of days()) day.tabIndex = day === current ? 0 : -1;
}

function ready() {
  if (!picker()) return;
  rove(picker().querySelector("[data-date].s") ?? picker().querySelector("[data-date].a") ?? days()[0]);
  chosen = picker().querySelector("[name=scheduled_at]:checked")?.value ?? null;
  show();
}

function show() {
  const input = picker().querySelector("[name=scheduled_at]:checked");
  const place = picker().querySelector("[data-chosen]");
  for (const span of picker().querySelectorAll(".time span[data-label]")) span.textContent = span.dataset.label;
  if (place) place.textContent = input ? `· ${input.nextElementSibling.textContent}` : "";
  if (!input) return;
  const label = input.nextElementSibling;
  label.dataset.label = label.textContent;
  if (picker().querySelector("button[name=booking_mode]")) label.textContent += ` · ${picker().dataset.book}`;
  // Changing the zone keeps the instant.
  const link = picker().querySelector("[data-zone-link]");
  const here = new URL(location.href);
  here.searchParams.set("chosen", input.value);
  here.searchParams.delete("taken");
  here.searchParams.delete("day");
  const address = new URL(link.href);
  address.searchParams.set("next", here.pathname + here.search);
  link.href = address;
}

// A month's last day may not exist in the next one: then its own last day is meant.
function sameDay(date, months) {
  const [year, month, day] = date.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(day, last))).toISOString().slice(0, 10);
}

function target(key, day) {
  const date = day.dataset.date;
  const weekday = (new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7;
  switch (key) {
    case "ArrowLeft": return shift(date, -1);
    case "ArrowRight": return shift(date, 1);
    case "ArrowUp": return shift(date, -7);
    case "ArrowDown": return shift(date, 7);
    case "Home": return shift(date, -weekday);
    case "End": return shift(date, 6 - weekday);
    case "PageUp": return sameDay(date, -1);
    case "PageDown": return sameDay(date, 1);
    default: return null;
  }
}

function focusNear(date) {
  const all = days();
  const day = all.find((each) => each.dataset.date >= date) ?? all.at(-1);
  if (!day) return;
  rove(day);
  day.focus();
}

document.addEventListener("keydown", (event) => {
  const day = event.target.closest?.("#picker [data-date]");
  const date = day && !event.altKey && !event.ctrlKey && !event.metaKey ? target(event.key, day) : null;
  if (!date) return;
  event.preventDefault();
  const month = day.dataset.date.slice(0, 7);
  if (date.slice(0, 7) === month) {
    focusNear(date);
    return;
  }
  const step = document.getElementById(date < month ? "earlier" : "later");
  if (!step?.href) return;
  wanted = date;
  step.click();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("#picker [data-date]")) wanted = "times";
  const time = event.target.closest?.("#picker [name=scheduled_at]");
  if (!time) return;
  if (time.value !== chosen) {
    chosen = time.value;
    show();
    return;
  }
  const button = picker().querySelector("button[name=booking_mode]");
  if (button) picker().requestSubmit(button);
});

document.addEventListener("htmx:afterSettle", () => {
  ready();
  const says = document.getElementById("picker-says");
  if (says && picker() && wanted) says.textContent = picker().dataset.says;
  if (wanted === "times") document.getElementById("times-h")?.focus();
  else if (wanted) focusNear(wanted);
  wanted = null;
});

ready();
document.getElementById("taken")?.focus();
