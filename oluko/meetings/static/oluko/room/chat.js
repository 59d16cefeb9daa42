// Words beside the picture. It knows nothing of how they travel: `send(message)` says whether it went out, and what the
// other writes is given to `receive`. What could not go out waits, and `flush` tries again.
const LONGEST = 2000;
const LINK = /https?:\/\/[^\s<>"'`]+/g;

export class Chat {
  constructor(root, { words, zone, send, key }) {
    this.zone = zone;
    this.list = root.querySelector("[data-lines]");
    this.log = root.querySelector("[data-log]");
    this.form = root.querySelector("form");
    this.input = root.querySelector("textarea");
    this.empty = root.querySelector("[data-empty]");
    this.words = words;
    this.send = send;
    this.key = key;
    this.lines = this.kept();
    for (const line of this.lines) this.draw(line);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.write(this.input.value);
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.write(this.input.value);
    });
  }

  write(text) {
    text = text.trim().slice(0, LONGEST);
    if (!text) return;
    const line = { id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, text, at: Date.now(), mine: true, sent: false };
    this.input.value = "";
    this.add(line);
    this.flush();
  }

  receive({ id, text, at }) {
    if (typeof text !== "string" || !text || this.lines.some((line) => line.id === id)) return false;
    this.add({ id: String(id), text: text.slice(0, LONGEST), at: Number(at) || Date.now(), mine: false, sent: true });
    return true;
  }

  flush() {
    for (const line of this.lines.filter((entry) => entry.mine && !entry.sent)) {
      if (!this.send({ id: line.id, text: line.text, at: line.at })) break;
      line.sent = true;
      this.list.querySelector(`[data-id="${CSS.escape(line.id)}"]`)?.removeAttribute("data-waiting");
    }
    this.keep();
  }

  add(line) {
    this.lines.push(line);
    this.draw(line);
    this.keep();
  }

  draw(line) {
    const item = document.createElement("li");
    item.dataset.id = line.id;
    if (line.mine) item.className = "mine";
    if (!line.sent) item.dataset.waiting = this.words.chat_waiting;
    const who = document.createElement("span");
    who.className = "m";
    who.textContent = `${line.mine ? this.words.you : this.words.other} · ${clock(line.at, this.zone)}`;
    const text = document.createElement("p");
    text.append(...linked(line.text));
    item.append(who, text);
    this.list.append(item);
    this.empty.hidden = true;
    this.log.scrollTop = this.log.scrollHeight;
  }

  // A reload of the page must not lose what was said; it is kept as long as the tab lives.
  kept() {
    try {
      return JSON.parse(sessionStorage.getItem(this.key) ?? "[]");
    } catch {
      return [];
    }
  }

  keep() {
    try {
      sessionStorage.setItem(this.key, JSON.stringify(this.lines.slice(-200)));
    } catch {
      // A browser that keeps nothing.
    }
  }
}

// The time of day in the reader's zone, as everywhere on the page.
function clock(at, timeZone) {
  const shape = { hour: "2-digit", minute: "2-digit" };
  try {
    return new Intl.DateTimeFormat("en-GB", { ...shape, timeZone }).format(at);
  } catch {
    return new Intl.DateTimeFormat("en-GB", shape).format(at);
  }
}

// Text nodes, and links for what is http or https; whatever anybody writes, it is never markup.
function linked(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(LINK)) {
    const address = found[0].replace(/[.,;:!?)\]]+$/, "");
    parts.push(document.createTextNode(text.slice(end, found.index)), link(address));
    end = found.index + address.length;
  }
  parts.push(document.createTextNode(text.slice(end)));
  return parts;
}

function link(address) {
  if (!URL.canParse(address)) return document.createTextNode(address);
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.textContent = address;
  return anchor;
}
