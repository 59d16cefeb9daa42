// One connection to the other's page: perfect negotiation (W3C WebRTC, 10.7), a fixed line for sound and one for the
// picture whose tracks are exchanged without a new negotiation, and a channel for words.
const RESTART_AFTER = 2500;
const AGAIN = 5000;
const MOST_RESTARTS = 4;
const FIRST_PATIENCE = 12000;

export class Peer {
  // on: state("connecting" | "connected" | "lost"), message(object), open(), give_up()
  constructor({ iceServers, relayOnly, polite, send, on }) {
    this.polite = polite;
    this.send = send;
    this.on = on;
    this.making = false;
    this.ignoring = false;
    this.work = Promise.resolve();
    this.tracks = { audio: null, video: null };
    this.senders = {};
    this.remote = new MediaStream();
    this.restarts = 0;
    const pc = new RTCPeerConnection({
      iceServers,
      iceTransportPolicy: relayOnly ? "relay" : "all",
      bundlePolicy: "max-bundle",
    });
    this.pc = pc;
    pc.onicecandidate = ({ candidate }) => candidate && send({ type: "candidate", candidate: shape(candidate) });
    pc.onnegotiationneeded = () => this.offer();
    pc.onconnectionstatechange = () => this.follow();
    pc.oniceconnectionstatechange = () => this.follow();
    pc.ontrack = ({ track }) => this.show(track);
    pc.ondatachannel = ({ channel }) => this.talk(channel);
    this.first = setTimeout(() => this.connected || this.on.give_up(), FIRST_PATIENCE);
  }

  // The one who came later begins; the other takes up the lines that the offer brings.
  begin() {
    for (const kind of ["audio", "video"]) {
      const line = this.pc.addTransceiver(kind, { direction: "sendrecv" });
      this.senders[kind] = line.sender;
      line.sender.replaceTrack(this.tracks[kind]).catch(() => {});
    }
    this.talk(this.pc.createDataChannel("words"));
  }

  setTrack(kind, track) {
    this.tracks[kind] = track;
    return this.senders[kind]?.replaceTrack(track).catch(() => {});
  }

  // One after the other, in the order in which they were sent.
  receive(signal) {
    this.work = this.work.then(() => this.take(signal)).catch((problem) => console.warn("signal:", problem));
  }

  say(message) {
    if (this.channel?.readyState !== "open") return false;
    this.channel.send(JSON.stringify(message));
    return true;
  }

  get connected() {
    return this.pc.connectionState === "connected" || ["connected", "completed"].includes(this.pc.iceConnectionState);
  }

  restart() {
    if (this.pc.signalingState === "closed") return;
    if (++this.restarts > MOST_RESTARTS) return this.on.give_up();
    this.pc.restartIce();
    this.plan(AGAIN);
  }

  close() {
    clearTimeout(this.first);
    clearTimeout(this.planned);
    for (const name of ["onicecandidate", "onnegotiationneeded", "onconnectionstatechange", "oniceconnectionstatechange", "ontrack", "ondatachannel"]) this.pc[name] = null;
    if (this.channel) this.channel.onmessage = this.channel.onopen = null;
    this.pc.close();
  }

  async offer() {
    try {
      this.making = true;
      await this.pc.setLocalDescription();
      this.describe();
    } catch (problem) {
      console.warn("offer:", problem);
    } finally {
      this.making = false;
    }
  }

  async take(signal) {
    const { pc } = this;
    if (pc.signalingState === "closed") return;
    if (signal.type === "candidate") {
      try {
        await pc.addIceCandidate(signal.candidate);
      } catch (problem) {
        if (!this.ignoring) throw problem;
      }
      return;
    }
    const collision = signal.type === "offer" && (this.making || pc.signalingState !== "stable");
    this.ignoring = !this.polite && collision;
    if (this.ignoring || (signal.type === "answer" && pc.signalingState !== "have-local-offer")) return;
    await pc.setRemoteDescription({ type: signal.type, sdp: signal.sdp });
    if (signal.type !== "offer") return;
    await this.adopt();
    await pc.setLocalDescription();
    this.describe();
  }

  async adopt() {
    for (const line of this.pc.getTransceivers()) {
      const { kind } = line.receiver.track;
      if (this.senders[kind]) continue;
      line.direction = "sendrecv";
      this.senders[kind] = line.sender;
      await line.sender.replaceTrack(this.tracks[kind]);
    }
  }

  describe() {
    const { type, sdp } = this.pc.localDescription;
    this.send({ type, sdp });
  }

  show(track) {
    for (const old of this.remote.getTracks()) if (old.kind === track.kind) this.remote.removeTrack(old);
    this.remote.addTrack(track);
  }

  talk(channel) {
    this.channel = channel;
    channel.onopen = () => this.on.open();
    channel.onmessage = ({ data }) => {
      if (typeof data !== "string" || data.length > 20000) return;
      try {
        this.on.message(JSON.parse(data));
      } catch {
        // Not ours.
      }
    };
    if (channel.readyState === "open") this.on.open();
  }

  follow() {
    if (this.connected) {
      clearTimeout(this.planned);
      clearTimeout(this.first);
      this.planned = null;
      this.restarts = 0;
      this.on.state("connected");
      return;
    }
    const ice = this.pc.iceConnectionState;
    if (ice === "failed" || this.pc.connectionState === "failed") this.lost(0);
    else if (ice === "disconnected") this.lost(RESTART_AFTER);
    else this.on.state("connecting");
  }

  lost(wait) {
    this.on.state("lost");
    // The polite one waits for the other's offer a little longer, so that the two seldom collide.
    if (!this.planned || wait === 0) this.plan(wait + (this.polite ? 1500 : 0));
  }

  plan(wait) {
    clearTimeout(this.planned);
    this.planned = setTimeout(() => {
      this.planned = null;
      if (!this.connected) this.restart();
    }, wait);
  }
}

function shape({ candidate, sdpMid, sdpMLineIndex, usernameFragment }) {
  return { candidate, sdpMid, sdpMLineIndex, usernameFragment: usernameFragment ?? null };
}
