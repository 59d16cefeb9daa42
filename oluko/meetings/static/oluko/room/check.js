// Before one goes in: see oneself, see that one is heard, choose the devices, know who is there already.
import { measure } from "./devices.js";

const LOOK_EVERY = 4000;

export class Check {
  constructor(root, room) {
    const find = (name) => root.querySelector(`[data-${name}]`);
    this.room = room;
    this.words = room.words;
    this.devices = room.devices;
    this.video = find("preview");
    this.off = find("preview-off");
    this.ask = find("ask");
    this.enter = find("enter");
    this.problem = find("problem");
    this.said = find("said");
    this.who = find("who");
    this.choices = find("choices");
    this.meter = find("meter");
    this.selects = { video: find("cameras"), audio: find("microphones") };
    this.switches = { video: find("preview-camera"), audio: find("preview-mic") };
    this.ask.addEventListener("click", () => this.open());
    this.enter.addEventListener("click", () => room.enter());
    // They come disabled: on a slow line one would press what nobody listens to yet.
    this.ask.disabled = this.enter.disabled = false;
    this.switches.audio.addEventListener("click", () => this.toggle("audio"));
    this.switches.video.addEventListener("click", () => this.toggle("video"));
    for (const [kind, select] of Object.entries(this.selects)) {
      select.addEventListener("change", async () => {
        await this.devices.choose(kind, select.value);
        this.draw();
      });
    }
  }

  // True if camera and microphone were asked for: when that shows no question, or when `ask` says so.
  async start({ ask = false } = {}) {
    this.running = true;
    this.devices.onlost = () => this.draw();
    this.look();
    this.asked = Boolean(this.devices.audio || this.devices.video);
    if (!this.asked && (ask || (await this.devices.allowed()))) await this.open();
    else this.draw();
    return this.asked;
  }

  async open() {
    this.ask.disabled = true;
    await this.devices.open();
    this.ask.disabled = false;
    this.asked = true;
    if (this.running) await this.draw();
    else return;
    if (document.activeElement === document.body || document.activeElement === this.ask) this.focus();
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
    this.endMeter?.();
    this.endMeter = null;
    this.video.srcObject = null;
  }

  say(text) {
    this.said.textContent = text;
    this.said.hidden = !text;
  }

  focus() {
    this.enter.focus({ preventScroll: true });
  }

  async toggle(kind) {
    const { devices } = this;
    if (kind === "audio") {
      devices.remember({ microphoneOn: !devices.wish.microphoneOn });
      if (devices.audio) devices.audio.enabled = devices.wish.microphoneOn;
      else if (devices.wish.microphoneOn) await devices.openOne("audio");
    } else {
      devices.remember({ cameraOn: !devices.wish.cameraOn });
      if (devices.wish.cameraOn) await devices.openOne("video");
      else devices.close("video");
    }
    await this.draw();
  }

  async draw() {
    const { devices, words } = this;
    const none = this.asked && !devices.audio && !devices.video;
    const trouble = this.asked ? this.trouble() : devices.usable ? "" : words.insecure;
    this.problem.textContent = trouble;
    this.problem.hidden = !trouble;
    this.ask.hidden = this.asked && !(devices.problems.audio || devices.problems.video);
    this.ask.textContent = this.asked ? words.ask_again : words.ask;
    this.ask.className = this.asked ? "btn q" : "btn";
    if (!devices.usable) this.ask.hidden = true;
    this.enter.className = this.asked || !devices.usable ? "btn" : "btn q";
    this.enter.textContent = !this.asked || none ? words.enter_listening : words.enter;
    if (this.video.srcObject?.getVideoTracks()[0] !== devices.video) {
      this.video.srcObject = devices.video ? new MediaStream([devices.video]) : null;
    }
    this.video.hidden = !devices.video;
    this.off.hidden = Boolean(devices.video);
    this.off.textContent = this.asked ? words.preview_off : words.preview_before;
    this.drawSwitches();
    this.drawMeter();
    await this.drawChoices();
  }

  drawSwitches() {
    const { devices, words } = this;
    const on = { audio: Boolean(devices.audio?.enabled), video: Boolean(devices.video) };
    for (const [kind, button] of Object.entries(this.switches)) {
      button.hidden = !this.asked;
      button.dataset.on = String(on[kind]);
      const name = kind === "audio" ? (on.audio ? "mute" : "unmute") : on.video ? "camera_off" : "camera_on";
      button.setAttribute("aria-label", words[name]);
      button.title = words[name];
    }
  }

  drawMeter() {
    const track = this.devices.audio;
    this.meter.closest("[data-level]").hidden = !track;
    if (this.measured === track && this.endMeter) return;
    this.endMeter?.();
    this.measured = track;
    this.endMeter = track && this.running ? measure(track, (level) => this.meter.style.setProperty("--level", level.toFixed(2))) : null;
  }

  async drawChoices() {
    const found = await this.devices.list();
    for (const [kind, select] of Object.entries(this.selects)) {
      const own = this.devices[kind]?.getSettings().deviceId;
      const options = found[kind].map(({ deviceId, label }, place) => {
        const name = label || `${this.words[kind === "audio" ? "microphone" : "camera"]} ${place + 1}`;
        return new Option(name, deviceId, false, deviceId === own);
      });
      select.replaceChildren(...options);
      select.closest(".field").hidden = options.length === 0 || !own;
    }
    this.choices.hidden = [...this.choices.querySelectorAll(".field")].every((field) => field.hidden);
  }

  trouble() {
    const { audio, video } = this.devices.problems;
    const { words } = this;
    if (audio === "insecure" || video === "insecure") return words.insecure;
    if (audio === "denied" || video === "denied") return audio === video ? words.denied : words[audio === "denied" ? "denied_microphone" : "denied_camera"];
    if (audio && video) return audio === "busy" || video === "busy" ? words.busy : words.missing;
    if (audio) return audio === "busy" ? words.busy_microphone : words.missing_microphone;
    if (video) return video === "busy" ? words.busy_camera : words.missing_camera;
    return "";
  }

  async look() {
    clearTimeout(this.timer);
    if (!this.running) return;
    if (!document.hidden) {
      const there = await this.room.call.peek();
      if (!this.running) return;
      this.who.dataset.there = String(there);
      const text = there ? this.words.there : this.words.not_there;
      if (this.who.textContent !== text) this.who.textContent = text;
    }
    this.timer = setTimeout(() => this.look(), LOOK_EVERY);
  }
}
