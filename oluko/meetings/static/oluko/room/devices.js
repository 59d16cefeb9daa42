// Camera and microphone: asked for, chosen, remembered, measured. Whatever is missing, the rest still works.
const KEY = "oluko.room";
const SIZE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };

export class Devices {
  constructor() {
    this.audio = null;
    this.video = null;
    this.problems = {};
    this.wish = { camera: "", microphone: "", cameraOn: true, microphoneOn: true, ...remembered() };
  }

  get usable() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  // Whether both were allowed on an earlier visit, so that asking for them shows no question.
  async allowed() {
    try {
      const names = ["camera", "microphone"];
      const states = await Promise.all(names.map((name) => navigator.permissions.query({ name })));
      return states.every(({ state }) => state === "granted");
    } catch {
      return false; // Not every browser knows these names.
    }
  }

  // Both together, so that there is one question; each alone where one of them is missing.
  async open() {
    this.problems = {};
    if (!this.usable) {
      this.problems = { audio: "insecure", video: "insecure" };
      return;
    }
    const wanted = { audio: this.microphoneWish(), video: this.wish.cameraOn ? this.cameraWish() : false };
    try {
      this.keep(await navigator.mediaDevices.getUserMedia(wanted));
    } catch (problem) {
      if (problem.name === "NotAllowedError" || !wanted.video) {
        this.problems = wanted.video ? { audio: reason(problem), video: reason(problem) } : { audio: reason(problem) };
      } else {
        await this.openOne("audio");
        await this.openOne("video");
      }
    }
    if (this.audio) this.audio.enabled = this.wish.microphoneOn;
  }

  async openOne(kind) {
    const wanted = kind === "audio" ? { audio: this.microphoneWish() } : { video: this.cameraWish() };
    delete this.problems[kind];
    if (!this.usable) {
      this.problems[kind] = "insecure";
      return null;
    }
    try {
      this.keep(await navigator.mediaDevices.getUserMedia(wanted));
    } catch (problem) {
      this.problems[kind] = reason(problem);
    }
    return this[kind];
  }

  async choose(kind, id) {
    this.remember(kind === "audio" ? { microphone: id } : { camera: id });
    this.close(kind);
    await this.openOne(kind);
    if (this.audio) this.audio.enabled = this.wish.microphoneOn;
  }

  async list() {
    if (!this.usable) return { audio: [], video: [] };
    const found = await navigator.mediaDevices.enumerateDevices();
    const of = (kind) => found.filter((device) => device.kind === kind && device.deviceId);
    return { audio: of("audioinput"), video: of("videoinput") };
  }

  remember(changes) {
    Object.assign(this.wish, changes);
    try {
      localStorage.setItem(KEY, JSON.stringify(this.wish));
    } catch {
      // A browser that keeps nothing: asked anew next time.
    }
  }

  close(kind) {
    this[kind]?.stop();
    this[kind] = null;
  }

  closeAll() {
    this.close("audio");
    this.close("video");
  }

  keep(stream) {
    for (const track of stream.getTracks()) {
      this.close(track.kind);
      this[track.kind] = track;
      // Pulled out, or taken away by the system.
      track.onended = () => {
        if (this[track.kind] !== track) return;
        this[track.kind] = null;
        this.problems[track.kind] = "gone";
        this.onlost?.(track.kind);
      };
    }
  }

  cameraWish() {
    return this.wish.camera ? { ...SIZE, deviceId: { ideal: this.wish.camera } } : SIZE;
  }

  microphoneWish() {
    const wish = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    return this.wish.microphone ? { ...wish, deviceId: { ideal: this.wish.microphone } } : wish;
  }
}

function remembered() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return kept && typeof kept === "object" ? kept : {};
  } catch {
    return {};
  }
}

function reason(problem) {
  if (problem.name === "NotAllowedError" || problem.name === "SecurityError") return "denied";
  if (problem.name === "NotFoundError" || problem.name === "OverconstrainedError") return "missing";
  return "busy";
}

// Calls show(0…1) some times a second with how loud the track is; returns what ends it.
export function measure(track, show) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    if (context.state === "suspended") context.resume().catch(() => {});
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
    show(Math.min(1, Math.max(0, (10 * Math.log10(power + 1e-9) + 60) / 50)));
  }, 100);
  return () => {
    clearInterval(timer);
    context.close().catch(() => {});
  };
}
