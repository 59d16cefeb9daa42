// One room from the check of the devices to the last word: the check, then a call, then the check again.
import { Call } from "./call.js";
import { Check } from "./check.js";
import { Devices } from "./devices.js";

// Who reloads the page in the middle of a call comes back into it; milliseconds.
const COME_BACK = 60000;
const INSIDE = ["waiting", "connecting", "together", "reconnecting", "left"];

export class Room {
  constructor(root) {
    this.root = root;
    this.config = JSON.parse(root.dataset.config);
    this.words = JSON.parse(root.dataset.words);
    this.key = `oluko.room.in.${this.config.id}`;
    this.devices = new Devices();
    this.check = new Check(root.querySelector("[data-check]"), this);
    this.call = new Call(root.querySelector("[data-call]"), this);
  }

  async start() {
    const back = this.cameFrom();
    this.show("check");
    // Who had camera or microphone a moment ago is asked for them again at once, where a browser asks on every visit.
    const ready = await this.check.start({ ask: back?.devices });
    if (this.ended || !back) return;
    if (ready || !back.devices) await this.enter();
  }

  async enter() {
    this.check.stop();
    this.show("entering");
    if (!(await this.call.start())) return this.back(this.call.refusal);
    this.note();
  }

  // Back to the check, with a sentence that says why.
  back(why = "", { restart = true } = {}) {
    sessionStorage.removeItem(this.key);
    this.call.stop();
    this.show("check");
    this.check.say(why);
    if (restart) this.check.start().then(() => this.check.focus());
  }

  show(state) {
    this.root.dataset.state = state;
    const checking = state === "check";
    this.root.querySelector("[data-check]").hidden = !checking;
    this.root.querySelector("[data-call]").hidden = checking;
  }

  end() {
    if (this.ended) return;
    this.ended = true;
    if (INSIDE.includes(this.root.dataset.state)) this.note();
    this.call.dispose();
    this.check.stop();
    this.devices.closeAll();
  }

  note() {
    const devices = Boolean(this.devices.audio || this.devices.video);
    sessionStorage.setItem(this.key, JSON.stringify({ at: Date.now(), devices }));
  }

  cameFrom() {
    const kept = sessionStorage.getItem(this.key);
    sessionStorage.removeItem(this.key);
    try {
      const note = JSON.parse(kept ?? "null");
      return note && Date.now() - note.at < COME_BACK ? note : null;
    } catch {
      return null;
    }
  }
}
