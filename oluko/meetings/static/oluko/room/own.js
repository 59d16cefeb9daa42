// What the person does with camera, microphone and screen while in the room.
export class Own {
  // `peer()` is the connection of the moment, if there is one.
  constructor(devices, words, view, peer) {
    this.devices = devices;
    this.words = words;
    this.view = view;
    this.peer = peer;
    this.screen = null;
  }

  follow() {
    this.devices.onlost = () => this.changed();
  }

  give(peer) {
    peer.setTrack("audio", this.devices.audio);
    peer.setTrack("video", this.outgoing());
  }

  outgoing() {
    return this.screen ?? this.devices.video;
  }

  state() {
    const { audio, video } = this.devices;
    return { microphone: Boolean(audio?.enabled), camera: Boolean(video), screen: Boolean(this.screen) };
  }

  changed() {
    const peer = this.peer();
    if (peer) this.give(peer);
    peer?.say({ kind: "state", ...this.state() });
    this.view.own(this.state(), this.outgoing());
  }

  async toggleMicrophone() {
    const { devices } = this;
    const on = !devices.audio?.enabled;
    devices.remember({ microphoneOn: on });
    if (on && !devices.audio && !(await devices.openOne("audio"))) this.explain("audio");
    if (devices.audio) devices.audio.enabled = on;
    this.changed();
  }

  async toggleCamera() {
    const { devices } = this;
    const on = !devices.video;
    devices.remember({ cameraOn: on });
    // Stopped and not only dark, so that the camera's lamp goes out.
    if (!on) devices.close("video");
    else if (!(await devices.openOne("video"))) this.explain("video");
    this.changed();
  }

  async toggleScreen() {
    if (this.screen) return this.endScreen();
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } } });
      const [track] = stream.getVideoTracks();
      track.contentHint = "detail";
      track.onended = () => this.endScreen();
      this.screen = track;
      this.changed();
    } catch {
      // Thought better of it.
    }
  }

  endScreen() {
    if (!this.screen) return;
    this.screen.onended = null;
    this.screen.stop();
    this.screen = null;
    this.changed();
  }

  explain(kind) {
    const why = this.devices.problems[kind];
    const device = kind === "audio" ? "microphone" : "camera";
    this.view.announce(this.words[why === "denied" || why === "busy" ? `${why}_${device}` : why === "insecure" ? why : `missing_${device}`]);
  }
}
