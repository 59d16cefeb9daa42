// Words beside the picture: the thread of the booking, as on the page of its messages. The server keeps it; the call only
// says that there is something new (`look`). What could not go out waits in this tab and is tried again.
const LINK = /https?:\/\/[^\s<>"'`]+/g;
// Milliseconds between two questions, for whatever the call did not tell of.
const OPEN = 4000;
const CLOSED = 15000;
const HIDDEN = 4;
const PATIENCE = 8000;
// As many messages as one answer brings.
const PAGE = 40;

export class Chat {
  // told(): the other should look; arrived(): the other has written.
  constructor(root, { config, words, told, arrived }) {
    this.root = root;
    this.config = config;
    this.words = words;
    this.told = told;
    this.arrived = arrived;
    this.list = root.querySelector("[data-lines]");
    this.log = root.querySelector("[data-log]");
    this.input = root.querySelector("textarea");
    this.empty = root.querySelector("[data-empty]");
    this.key = `oluko.room.unsent.${config.id}`;
    this.ahead = Date.parse(config.now) - Date.now();
    this.drawn = new Map();
    this.last = this.read = 0;
    this.unsent = this.kept();
    for (const line of this.unsent) line.item = this.draw(line);
    root.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.write(this.input.value);
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.write(this.input.value);
    });
    this.wake = () => this.look();
  }

  begin() {
    if (this.alive) return;
    this.alive = true;
    addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.look();
  }

  end() {
    this.alive = false;
    clearTimeout(this.timer);
    removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
  }

  // Sends what waits and asks what is new, one after the other; asked again meanwhile, it does so once more.
  async look() {
    if (!this.alive) return;
    clearTimeout(this.timer);
    this.again = true;
    if (this.busy) return;
    this.busy = true;
    while (this.again && this.alive) {
      this.again = false;
      try {
        await this.flush();
        await this.fetchNew();
        await this.markRead();
      } catch {
        // Not reached; the next round tries again.
        for (const { item } of this.unsent) item.dataset.waiting = this.words.chat_waiting;
      }
    }
    this.busy = false;
    clearTimeout(this.timer);
    const wait = (this.root.hidden ? CLOSED : OPEN) * (document.hidden ? HIDDEN : 1);
    if (this.alive) this.timer = setTimeout(this.wake, wait);
  }

  write(text) {
    text = text.trim();
    if (!text) return;
    const line = { key: newKey(), text, at: Date.now() + this.ahead, mine: true };
    line.item = this.draw(line);
    this.unsent.push(line);
    this.keep();
    this.input.value = "";
    this.look();
  }

  async flush() {
    while (this.unsent.length) {
      const [line] = this.unsent;
      const response = await this.post(this.config.urls.write, { text: line.text, key: line.key });
      if (!response.ok && (response.status === 429 || response.status >= 500)) throw new Error(response.status);
      const answer = await response.json().catch(() => ({}));
      this.unsent.shift();
      this.keep();
      delete line.item.dataset.waiting;
      if (response.ok) {
        line.item.remove();
        this.add(answer.message);
        this.told();
      } else {
        line.item.dataset.refused = answer.error || this.words.out;
      }
    }
  }

  async fetchNew() {
    const all = !this.last;
    let found;
    do {
      const address = this.last ? `${this.config.urls.thread}?after=${this.last}` : this.config.urls.thread;
      const response = await this.ask(address, {});
      if (!response.ok) throw new Error(response.status);
      found = (await response.json()).messages;
      for (const message of found) {
        this.last = Math.max(this.last, message.id);
        if (this.add(message) && !message.mine && this.begun) this.arrived();
      }
    } while (!all && found.length === PAGE);
    this.begun = true;
  }

  // Who looks at the open panel has read it.
  async markRead() {
    if (this.root.hidden || document.hidden || this.last <= this.read) return;
    const response = await this.post(this.config.urls.read, { last: this.last });
    if (response.ok) this.read = this.last;
  }

  post(address, fields) {
    return this.ask(address, {
      method: "POST",
      headers: { "X-CSRFToken": this.config.csrf },
      body: new URLSearchParams(fields),
      // What was sent in the moment of leaving still goes out.
      keepalive: true,
    });
  }

  ask(address, { headers = {}, ...rest }) {
    return fetch(address, {
      ...rest,
      headers: { Accept: "application/json", ...headers },
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
  }

  // False if it stands there already.
  add(message) {
    if (this.drawn.has(message.id)) return false;
    const item = this.draw({ ...message, at: Date.parse(message.at) });
    this.drawn.set(message.id, item);
    // Our own answer may be here before what the other wrote just before it.
    const later = [...this.drawn.keys()].filter((id) => id > message.id);
    const next = later.length ? this.drawn.get(Math.min(...later)) : this.unsent[0]?.item;
    if (next) next.before(item);
    return true;
  }

  draw(line) {
    const item = document.createElement("li");
    if (line.mine) item.className = "mine";
    const who = document.createElement("span");
    who.className = "m";
    who.textContent = `${line.mine ? this.words.you : this.words.other} · ${this.when(line.at)}`;
    item.append(who);
    if (line.text) {
      const text = document.createElement("p");
      text.append(...linked(line.text));
      item.append(text);
    }
    for (const file of line.files ?? []) {
      const text = document.createElement("p");
      text.append(link(new URL(file.url, location.origin).href, file.name));
      item.append(text);
    }
    const atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
    this.list.append(item);
    this.empty.hidden = true;
    if (atEnd || line.mine) this.log.scrollTop = this.log.scrollHeight;
    return item;
  }

  // The time of day in the reader's zone, as everywhere on the page, with the day where that is another one.
  when(at) {
    const now = Date.now() + this.ahead;
    const day = { weekday: "short", day: "numeric", month: "short" };
    const today = shown(at, this.config.zone, day) === shown(now, this.config.zone, day);
    const time = shown(at, this.config.zone, { hour: "2-digit", minute: "2-digit" });
    return today ? time : `${shown(at, this.config.zone, day)}, ${time}`;
  }

  // A reload of the page must not lose what has yet to go out; it is kept as long as the tab lives.
  kept() {
    try {
      return JSON.parse(sessionStorage.getItem(this.key) ?? "[]");
    } catch {
      return [];
    }
  }

  keep() {
    try {
      sessionStorage.setItem(this.key, JSON.stringify(this.unsent.map(({ item, ...line }) => line)));
    } catch {
      // A browser that keeps nothing.
    }
  }
}

// A page over plain http has no crypto.randomUUID.
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function shown(at, timeZone, shape) {
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
    parts.push(document.createTextNode(text.slice(end, found.index)), link(address, address));
    end = found.index + address.length;
  }
  parts.push(document.createTextNode(text.slice(end)));
  return parts;
}

function link(address, words) {
  if (!URL.canParse(address)) return document.createTextNode(words);
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.textContent = words;
  return anchor;
}
