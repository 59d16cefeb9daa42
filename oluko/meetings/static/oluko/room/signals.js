// The room's own HTTP: enter, ask what is new, hand signals on, leave. It keeps asking however long the network is away.
const PATIENCE = 8000;
// Milliseconds between two questions; a tab that nobody looks at asks more seldom.
const PACES = { waiting: 1000, negotiating: 350, together: 2500 };
const HIDDEN = 4;
const BATCH = 24;

export class Closed extends Error {
  constructor(why) {
    super(why);
    this.why = why;
  }
}

export class Signals {
  // handlers: news({others, signals}), standing("taken" | "gone" | "closed" | "out"), line(true | false)
  constructor(urls, csrf, handlers) {
    this.urls = urls;
    this.csrf = csrf;
    this.handlers = handlers;
    this.seat = null;
    this.pace = "waiting";
    this.alive = false;
    this.queue = [];
    this.round = 0;
    this.wake = () => this.nudge?.();
    addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
  }

  // What the server says on entering. Throws Closed where it lets nobody in, anything else where it was not reached.
  async enter() {
    const answer = await this.ask(this.urls.enter, {});
    this.seat = answer.seat;
    this.after = 0;
    this.queue = [];
    this.alive = true;
    this.follow(++this.round);
    return answer;
  }

  // Who is there already, for a page that has not entered.
  async peek() {
    const answer = await this.ask(this.urls.poll, {});
    return answer.others.length > 0;
  }

  setPace(pace) {
    if (this.pace === pace) return;
    this.pace = pace;
    this.nudge?.();
  }

  send(to, signal) {
    this.queue.push({ to, signal });
    if (!this.flushing) this.flushing = this.flush().finally(() => { this.flushing = null; });
  }

  leave() {
    this.stop();
    if (!this.seat) return;
    const form = new FormData();
    form.set("csrfmiddlewaretoken", this.csrf);
    form.set("seat", this.seat);
    navigator.sendBeacon(this.urls.leave, form);
    this.seat = null;
  }

  stop() {
    this.alive = false;
    this.round++;
    this.nudge?.();
  }

  dispose() {
    this.leave();
    removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
  }

  async follow(round) {
    while (this.alive && round === this.round) {
      try {
        const answer = await this.ask(this.urls.poll, { seat: this.seat, after: this.after });
        if (round !== this.round) return;
        this.handlers.line(true);
        if (answer.standing !== "here") return this.end(answer.standing);
        if (answer.signals.length) this.after = answer.signals.at(-1).id;
        this.handlers.news(answer);
      } catch (problem) {
        if (round !== this.round) return;
        if (problem instanceof Closed) return this.end(problem.why);
        this.handlers.line(false);
      }
      await this.pause();
    }
  }

  end(why) {
    this.stop();
    if (why !== "here") this.seat = null;
    this.handlers.standing(why);
  }

  pause() {
    const wanted = PACES[this.pace] * (document.hidden ? HIDDEN : 1);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wanted);
      this.nudge = () => { clearTimeout(timer); resolve(); };
    });
  }

  // Candidates come in swarms: whatever has gathered within some milliseconds goes together, in its order.
  async flush() {
    const round = this.round;
    while (this.queue.length && this.alive && round === this.round) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      const to = this.queue[0]?.to;
      const batch = this.queue.filter((entry) => entry.to === to).slice(0, BATCH);
      if (!batch.length) return;
      try {
        await this.ask(this.urls.send, { seat: this.seat, to, signals: batch.map((entry) => entry.signal) });
      } catch (problem) {
        if (!problem.refused) {
          await new Promise((resolve) => setTimeout(resolve, 700));
          continue;
        }
        // The other page is gone, or we ask too much: what was meant for it helps nobody any more.
      }
      this.queue = this.queue.filter((entry) => !batch.includes(entry));
    }
  }

  async ask(url, body) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.csrf },
      body: JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (response.ok) return response.json();
    // Signed out, not one of the two any more, or outside the room's hours.
    if (response.type === "opaqueredirect" || response.status === 403 || response.status === 404) throw new Closed("out");
    const said = response.status < 500 ? await response.json().catch(() => ({})) : {};
    if (said.code === "room_closed") throw new Closed("closed");
    const problem = new Error(said.detail || String(response.status));
    problem.refused = response.status < 500 && response.status !== 429;
    problem.said = said.detail;
    throw problem;
  }
}
