// What the call looks like: the other in the middle, oneself in the corner, keys below, words beside.
export class View {
  constructor(root, words, acts) {
    const find = (name) => root.querySelector(`[data-${name}]`);
    this.root = root;
    this.words = words;
    this.acts = acts;
    this.video = find("other");
    this.nobody = find("nobody");
    this.self = find("self");
    this.status = find("status");
    this.echo = find("echo");
    this.news = find("news");
    this.mark = find("quality");
    this.muted = find("other-muted");
    this.hear = find("hear");
    this.resting = find("rest");
    this.panel = find("chat-panel");
    this.count = find("unread");
    this.keys = { microphone: find("mic"), camera: find("camera"), screen: find("share"), chat: find("chat"), full: find("full") };
    this.keys.microphone.addEventListener("click", acts.microphone);
    this.keys.camera.addEventListener("click", acts.camera);
    this.keys.screen.addEventListener("click", acts.screen);
    this.keys.chat.addEventListener("click", () => this.toggleChat());
    this.keys.full.addEventListener("click", () => this.toggleFull());
    find("leave").addEventListener("click", acts.leave);
    find("here").addEventListener("click", acts.here);
    find("chat-close").addEventListener("click", () => this.toggleChat(false));
    this.hear.addEventListener("click", () => this.play());
    this.keys.screen.hidden = !navigator.mediaDevices?.getDisplayMedia;
    this.keys.full.hidden = !document.fullscreenEnabled;
    document.addEventListener("fullscreenchange", () => this.label("full", Boolean(document.fullscreenElement), "full_off", "full_on"));
    this.waiting = 0;
  }

  open() {
    this.rest("");
    this.root.focus({ preventScroll: true });
    this.root.scrollIntoView({ block: "center" });
  }

  close() {
    if (document.fullscreenElement) document.exitFullscreen();
    this.self.srcObject = null;
    this.remote(null);
    this.announce("");
  }

  // Said once to whoever listens, and shown for a while.
  announce(text) {
    clearTimeout(this.timer);
    this.news.textContent = text;
    this.news.hidden = !text;
    if (text) this.timer = setTimeout(() => { this.news.hidden = true; }, 12000);
  }

  state(state) {
    this.current = state;
    this.write();
    if (state !== "together") this.quality("");
    this.draw();
  }

  line(reached) {
    this.offline = !reached;
    this.write();
  }

  write() {
    const text = this.offline ? this.words.offline : this.words[this.current] ?? "";
    if (this.status.textContent !== text) this.status.textContent = this.echo.textContent = text;
    this.status.dataset.calm = String(!this.offline && this.current === "together");
  }

  remote(stream) {
    this.video.srcObject = stream;
    if (!stream) this.far = null;
    else this.play();
    this.draw();
  }

  // A browser may refuse to let sound begin by itself: then one press starts it.
  async play() {
    try {
      await this.video.play();
      this.hear.hidden = true;
    } catch (problem) {
      if (problem.name === "NotAllowedError") this.hear.hidden = false;
    }
  }

  other(far) {
    this.far = { camera: far.camera === true, microphone: far.microphone === true, screen: far.screen === true };
    this.draw();
  }

  draw() {
    const seen = Boolean(this.video.srcObject && (this.far?.camera || this.far?.screen));
    this.root.dataset.seen = String(seen);
    this.root.dataset.screen = String(Boolean(this.far?.screen));
    this.nobody.hidden = seen;
    this.muted.hidden = !this.far || this.far.microphone || this.current !== "together";
  }

  own(state, track) {
    const shown = this.self.srcObject?.getVideoTracks()[0] ?? null;
    if (shown !== track) this.self.srcObject = track ? new MediaStream([track]) : null;
    this.self.hidden = !track;
    this.self.dataset.mirrored = String(state.camera && !state.screen);
    this.label("microphone", state.microphone, "mute", "unmute");
    this.label("camera", state.camera, "camera_off", "camera_on");
    this.label("screen", state.screen, "screen_off", "screen_on");
  }

  label(key, on, whenOn, whenOff) {
    const button = this.keys[key];
    button.dataset.on = String(on);
    button.querySelector("span").textContent = this.words[on ? whenOn : whenOff];
  }

  quality(word) {
    this.mark.hidden = !word;
    if (this.mark.dataset.quality === word) return;
    this.mark.dataset.quality = word;
    this.mark.querySelector("span").textContent = word ? this.words[word] : "";
    if (word === "poor") this.announce(this.words.poor_help);
  }

  rest(text) {
    this.resting.hidden = !text;
    this.resting.querySelector("p").textContent = text;
    this.root.dataset.resting = String(Boolean(text));
    if (text) this.resting.querySelector("button").focus({ preventScroll: true });
  }

  toggleChat(open = this.panel.hidden) {
    this.panel.hidden = !open;
    this.keys.chat.setAttribute("aria-expanded", String(open));
    this.keys.chat.dataset.on = String(open);
    this.root.dataset.chat = String(open);
    if (open) {
      this.waiting = 0;
      this.panel.querySelector("[data-log]").scrollTop = 1e6;
      this.panel.querySelector("textarea").focus();
      this.acts.chat();
    } else {
      this.keys.chat.focus();
    }
    this.drawCount();
  }

  unread() {
    // An open panel is a log, which says by itself what comes.
    if (!this.panel.hidden) return;
    this.announce(this.words.new_message);
    this.waiting++;
    this.drawCount();
  }

  drawCount() {
    this.count.hidden = !this.waiting;
    this.count.textContent = this.waiting || "";
  }

  toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen().catch(() => {});
  }
}
