// The month by keyboard (arrows, Home, End, PageUp, PageDown); the first press of a time selects, the second books.
// Without this file the page is complete: days are links, times are radio buttons, the form has its buttons.
document.documentElement.classList.add("js");
let wanted = null; // what gets the focus after the next swap: a date, "times" or "chosen"
let chosen = null;

const picker = () => document.getElementById("picker");
const days = () => [...picker().querySelectorAll("[data-date]")];
const checked = () => picker().querySelector("[data-time]:checked");
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
  // Arrows walk the month from here on, which a screen reader must be told.
  picker().querySelector(".month")?.setAttribute("role", "grid");
  rove(picker().querySelector("[data-date].s") ?? picker().querySelector("[data-date].a") ?? days()[0]);
  chosen = checked()?.value ?? null;
  show();
}

function show() {
  for (const words of picker().querySelectorAll(".time small")) words.remove();
  const place = picker().querySelector("[data-chosen]");
  const label = checked()?.nextElementSibling;
  if (place) place.textContent = label ? `${place.dataset.day}, ${label.textContent}` : "";
  if (!label || !picker().dataset.book) return;
  const words = document.createElement("small");
  words.textContent = picker().dataset.book;
  label.append(" ", words);
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

// A day that is over, or beyond the month, takes no focus: the nearest one that does is meant.
function focusNear(date) {
  const all = days();
  const day = all.find((each) => each.dataset.date >= date) ?? all.at(-1);
  if (!day) return;
  rove(day);
  day.focus();
}

function second() {
  const button = picker().querySelector("[data-second]");
  // On the page of a move the button belongs to the time that the server has described.
  if (button && (button.dataset.for ?? chosen) === chosen) button.form.requestSubmit(button);
}

function press(time) {
  if (time.value === chosen) {
    second();
    return;
  }
  chosen = time.value;
  show();
}

document.addEventListener("keydown", (event) => {
  const time = event.target.closest?.("#picker [data-time]");
  if (time && event.key === "Enter") {
    // Enter presses the time that has the focus, as Space does; alone it would send the form.
    event.preventDefault();
    if (time.checked) press(time);
    else time.click();
    return;
  }
  const day = event.target.closest?.("#picker [data-date]");
  if (!day || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === " ") {
    event.preventDefault();
    day.click();
    return;
  }
  const date = target(event.key, day);
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
  if (event.target.closest?.("#picker [data-date]")) wanted = "times";
  if (event.target.closest?.("#picker [data-near]")) wanted = "chosen";
  const time = event.target.closest?.("#picker [data-time]");
  if (time) press(time);
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "picker" && event.detail.elt?.id !== "picker") return;
  ready();
  const says = document.getElementById("picker-says");
  if (says && picker()) says.textContent = picker().dataset.says;
  if (wanted === "times") document.getElementById("times-h")?.focus();
  else if (wanted === "chosen") checked()?.focus();
  else if (wanted) focusNear(wanted);
  wanted = null;
});

ready();
document.getElementById("lost")?.focus();
