// Working hours: adds, drops and copies ranges at once, says honestly what is unsaved, and asks for the preview while
// one types. Without this file the same buttons send the form, and the page that comes back has done it.
document.documentElement.classList.add("js");
const form = document.getElementById("hours");
const says = document.getElementById("hours-says");
const state = form.querySelector("[data-state]");
const dates = document.getElementById("dates");
const typedBefore = form.hasAttribute("data-unsaved");
let leaving = false;

// What counts as a change: everything that saving would send, without rows that are still empty.
function fingerprint() {
  const kept = [...new FormData(form)].filter(([name, value]) =>
    value && !name.endsWith("-to") && name !== "csrfmiddlewaretoken" && name !== "duration");
  const pending = form.elements["off-to"].value;
  const tidy = kept.map(([name, value]) => `${name}=${value}`);
  return JSON.stringify([tidy, pending]);
}

const saved = typedBefore ? null : fingerprint();

function tell() {
  const dirty = fingerprint() !== saved;
  form.toggleAttribute("data-unsaved", dirty);
  const text = dirty ? state.dataset.dirty : state.dataset.clean;
  if (state.textContent !== text) state.textContent = text;
}

function changed(words) {
  tell();
  if (words) says.textContent = words;
  form.dispatchEvent(new CustomEvent("hours:typed"));
}

const rowOf = (element) => element.closest("[data-row]");
const ranges = (row) => [...row.querySelectorAll("[data-range]")];
const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const minutesOf = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

function fresh(template, key) {
  const element = document.getElementById(template).content.firstElementChild.cloneNode(true);
  for (const part of [element, ...element.querySelectorAll("*")]) {
    for (const name of ["id", "name", "value", "data-row"]) {
      const value = part.getAttribute(name);
      if (value?.includes("KEY")) part.setAttribute(name, value.replace("KEY", key));
    }
  }
  return element;
}

// A row is drawn as right again once somebody changes it; the server says whether it is.
function forgive(row) {
  row.querySelector(".error")?.remove();
  row.removeAttribute("data-wrong");
  for (const input of row.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
}

// The ids and values of buttons follow the order of the ranges, as the server writes them.
function number(row) {
  ranges(row).forEach((range, place) => {
    range.querySelector("input").id = `${row.dataset.row}-${place}-start`;
    range.querySelector("[data-drop]").value = `drop:${row.dataset.row}:${place}`;
  });
}

function put(row, start, end) {
  const range = fresh("range-template", row.dataset.row);
  const [from, to] = range.querySelectorAll("input");
  from.value = start;
  to.value = end;
  const last = ranges(row).at(-1) ?? row.querySelector(".off");
  last.after(range);
  number(row);
  return from;
}

const read = (range) => [...range.querySelectorAll("input")].map((input) => input.value);

// A working day, or an hour's rest after the last range and then until five.
function suggestion(row) {
  const ends = ranges(row).map(read).filter(([start, end]) => start && end).map(([, end]) => minutesOf(end) || 1440);
  if (!ends.length) return ["09:00", "17:00"];
  const start = Math.max(...ends) + 60;
  const end = Math.max(17 * 60, start + 60);
  return end >= 1440 ? ["", ""] : [clock(start), clock(end)];
}

function add(row) {
  forgive(row);
  put(row, ...suggestion(row)).focus();
  changed(says.dataset.added);
}

function drop(button) {
  const row = rowOf(button);
  const place = ranges(row).indexOf(button.closest("[data-range]"));
  forgive(row);
  button.closest("[data-range]").remove();
  number(row);
  const next = ranges(row)[Math.min(place, ranges(row).length - 1)];
  (next?.querySelector("[data-drop]") ?? row.querySelector("[data-add]")).focus();
  changed(says.dataset.dropped);
}

function copy(button) {
  const source = rowOf(button);
  const boxes = [...source.querySelectorAll(".copyto input:not([data-all])")];
  const targets = boxes.filter((box) => box.checked).map((box) => form.querySelector(`[data-row="${box.value}"]`));
  if (!targets.length) {
    source.querySelector(".copyto input").focus();
    return;
  }
  for (const target of targets) {
    forgive(target);
    for (const range of ranges(target)) range.remove();
    for (const range of ranges(source)) put(target, ...read(range));
  }
  for (const box of source.querySelectorAll(".copyto input")) box.checked = false;
  source.querySelector(".copyto").open = false;
  source.querySelector(".copyto summary").focus();
  const names = targets.map((target) => target.dataset.name).join(", ");
  changed(says.dataset.copied.replace("DAYS", names).replace("DAY", source.dataset.name));
}

function forget(row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  (next?.querySelector("[data-forget]") ?? form.elements["off-from"]).focus();
  changed(says.dataset.forgotten);
}

function name(row) {
  const input = row.querySelector("input[type=date]");
  const day = input.valueAsDate;
  const language = document.documentElement.lang || "en";
  const words = day ? new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" }).format(day) : "";
  row.querySelector("[data-weekday]").textContent = words;
  row.querySelector("legend").textContent = `${words} ${input.value}`;
}

function addDates() {
  const from = form.elements["off-from"];
  const to = form.elements["off-to"];
  const [start, end] = [from.valueAsDate ?? to.valueAsDate, to.valueAsDate ?? from.valueAsDate];
  if (!start) {
    from.focus();
    return;
  }
  const listed = new Set([...dates.querySelectorAll("input[type=date]")].map((input) => input.value));
  const keys = [...dates.children].map((row) => Number(row.dataset.row.slice(1)));
  let key = Math.max(-1, ...keys);
  const last = Math.max(start, end);
  // More than a year is refused by the server; one day more than it takes is enough to be told.
  for (let day = Math.min(start, end), left = 367; day <= last && left > 0; day += 86400000, left -= 1) {
    const text = new Date(day).toISOString().slice(0, 10);
    if (listed.has(text)) continue;
    key += 1;
    const row = fresh("date-template", `x${key}`);
    row.querySelector("input[type=date]").value = text;
    const after = [...dates.children].find((each) => each.querySelector("input[type=date]").value > text);
    dates.insertBefore(row, after ?? null);
    name(row);
  }
  from.value = "";
  to.value = "";
  from.focus();
  changed(says.dataset.dated);
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const acts = {
    add: () => add(rowOf(button)), drop: () => drop(button), copyDay: () => copy(button),
    forget: () => forget(rowOf(button)), dates: addDates,
  };
  const act = Object.keys(acts).find((each) => each in button.dataset);
  if (!act) return;
  event.preventDefault();
  acts[act]();
});

// Fields that a script fills, as the search by city does, tell of it by `change` alone.
form.addEventListener("change", (event) => { if (event.target.name === "zone") changed(); });

form.addEventListener("input", (event) => {
  const box = event.target.closest(".copyto input");
  if (box) {
    const boxes = [...box.closest("fieldset").querySelectorAll("input")];
    if ("all" in box.dataset) for (const each of boxes) each.checked = box.checked;
    else boxes[0].checked = boxes.slice(1).every((each) => each.checked);
    return;
  }
  const row = rowOf(event.target);
  if (row) forgive(row);
  if (row && event.target.type === "date") name(row);
  if (event.target.name === "zone") form.querySelector("[data-zone-name]").textContent = event.target.value;
  changed();
});

// A menu that opens at the foot of the screen comes wholly into sight.
form.addEventListener("toggle", (event) => {
  if (event.target.open) event.target.querySelector(".drop")?.scrollIntoView({ block: "nearest" });
}, true);

form.addEventListener("submit", () => { leaving = true; });
addEventListener("pageshow", () => { leaving = false; });
addEventListener("beforeunload", (event) => {
  if (!leaving && form.hasAttribute("data-unsaved")) event.preventDefault();
});
tell();
