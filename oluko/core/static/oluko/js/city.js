// <input data-city-search="/zone"> becomes a combobox: while somebody types, the server is asked for places of that
// name. Choosing one puts its zone into the field; nothing is sent before the form's own button or Enter.
const PAUSE = 150; // milliseconds after the last key
let count = 0;

function combobox(input) {
  const id = `places-${++count}`;
  const box = document.createElement("div");
  const list = document.createElement("ul");
  const says = document.createElement("span");
  box.className = "combo";
  Object.assign(list, { id, className: "options", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels?.[0]?.textContent ?? "");
  says.className = "sr";
  says.setAttribute("role", "status");
  input.before(box);
  box.append(input, list, says);
  input.removeAttribute("list");
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id }))
    input.setAttribute(name, value);

  let timer;
  let asked = 0;
  const options = () => [...list.querySelectorAll("[role=option]")];
  const current = () => list.querySelector("[aria-selected=true]");

  function mark(option) {
    current()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function close() {
    clearTimeout(timer);
    asked += 1;
    mark(null);
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
  }

  function choose(option) {
    input.value = option.dataset.value;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    says.textContent = option.textContent;
    close();
    input.focus();
  }

  async function search() {
    const question = ++asked;
    const words = input.value.trim();
    if (!words) return close();
    const address = `${input.dataset.citySearch}?${new URLSearchParams({ q: words })}`;
    const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok) return;
    const found = await answer.text();
    if (question !== asked) return;
    list.innerHTML = found;
    // Two lists may stand on one page: each option's id belongs to its own.
    options().forEach((option, place) => { option.id = `${id}-${place}`; });
    list.hidden = false;
    mark(null);
    input.setAttribute("aria-expanded", "true");
    says.textContent = input.dataset.found.replace("COUNT", options().length);
  }

  input.addEventListener("focus", () => input.select());
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(current());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return void search();
      const next = event.key === "ArrowDown" ? at + 1 : (at < 0 ? all.length : at) - 1;
      mark(all[(next + all.length) % all.length]);
    } else if (event.key === "Enter" && !list.hidden && current()) {
      event.preventDefault();
      choose(current());
    } else if (event.key === "Escape" && !list.hidden) {
      // The first Escape closes the list, not the dialog around it.
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  input.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
}

for (const input of document.querySelectorAll("[data-city-search]")) combobox(input);
