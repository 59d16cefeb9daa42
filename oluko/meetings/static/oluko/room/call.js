// The call: a seat, the one other page, and what passes between the two.
import { Chat } from "./chat.js";
import { Own } from "./own.js";
import { Peer } from "./peer.js";
import { watchQuality } from "./quality.js";
import { Signals, Closed } from "./signals.js";
import { View } from "./view.js";

// Who is there and makes no offer for so long has not noticed us: entering anew, we make it. Milliseconds.
const NO_OFFER = 8000;
const RETRY = 3000;

export class Call {
  constructor(root, room) {
    this.room = room;
    this.words = room.words;
    this.view = new View(root, room.words, {
      microphone: () => this.own.toggleMicrophone(),
      camera: () => this.own.toggleCamera(),
      screen: () => this.own.toggleScreen(),
      leave: () => this.leave(),
      here: () => this.takeOver(),
      chat: () => this.chat.look(),
    });
    this.chat = new Chat(root.querySelector("[data-chat-panel]"), {
      config: room.config,
      words: room.words,
      told: () => this.peer?.say({ kind: "chat" }),
      arrived: () => this.view.unread(),
    });
    this.signals = new Signals(room.config.urls, room.config.csrf, {
      news: (news) => this.news(news),
      standing: (standing) => this.stand(standing),
      line: (reached) => this.line(reached),
    });
    this.own = new Own(room.devices, room.words, this.view, () => this.peer);
    this.peer = null;
  }

  // True once inside; else `refusal` says why.
  async start() {
    this.refusal = "";
    this.alone = "waiting";
    this.own.follow();
    this.view.state("entering");
    if (!(await this.enter())) return false;
    this.view.open();
    this.own.changed();
    this.chat.begin();
    return true;
  }

  async enter() {
    this.drop();
    try {
      this.entered = await this.signals.enter();
    } catch (problem) {
      this.shut = problem instanceof Closed;
      this.refusal = this.shut ? this.words[problem.why] : problem.said || this.words.unreachable;
      return false;
    }
    const [other] = this.entered.others;
    if (other) this.meet(other, true);
    else this.tell(this.alone);
    return true;
  }

  async peek() {
    try {
      return await this.signals.peek();
    } catch {
      return false;
    }
  }

  stop() {
    this.bye();
    this.own.endScreen();
    this.chat.end();
    this.signals.leave();
    this.drop();
    this.view.close();
  }

  dispose() {
    this.bye();
    this.chat.end();
    this.signals.dispose();
    this.drop();
    this.own.endScreen();
  }

  leave() {
    this.room.back(this.words.you_left);
  }

  async takeOver() {
    this.view.rest("");
    if (!(await this.enter())) this.room.back(this.refusal);
  }

  // What the server tells

  news({ others, signals }) {
    for (const signal of signals) {
      if (signal.from !== this.other && others.includes(signal.from)) this.meet(signal.from, false);
      if (signal.from === this.other) this.peer.receive(signal);
    }
    if (this.peer && !others.includes(this.other) && !this.peer.connected) this.away();
    if (!others.includes(this.gone)) this.gone = null;
    if (this.peer) return this.stopAwaiting();
    if (others.some((seat) => seat !== this.gone)) return this.awaitOffer();
    this.stopAwaiting();
    this.signals.setPace("waiting");
    this.tell(this.alone);
  }

  async stand(standing) {
    this.stopAwaiting();
    if (standing === "gone") {
      // Too long without a network: our seat was given up meanwhile.
      if (await this.enter()) return;
      if (this.shut) this.room.back(this.refusal);
      else this.again = setTimeout(() => this.stand("gone"), RETRY);
      return;
    }
    this.drop();
    this.own.endScreen();
    if (standing === "taken") {
      this.tell("taken");
      this.view.rest(this.words.taken);
    } else {
      this.room.back(this.words[standing] ?? this.words.closed);
    }
  }

  line(reached) {
    if (this.reached === reached) return;
    this.reached = reached;
    this.view.line(reached);
  }

  awaitOffer() {
    this.tell("connecting");
    this.signals.setPace("negotiating");
    this.noOffer ??= setTimeout(() => { this.noOffer = null; this.enter(); }, NO_OFFER);
  }

  stopAwaiting() {
    clearTimeout(this.noOffer);
    this.noOffer = null;
  }

  // The other

  meet(seat, begin) {
    this.drop();
    this.other = seat;
    const { iceServers, relayOnly, polite } = this.entered;
    const peer = new Peer({
      iceServers,
      relayOnly,
      polite,
      send: (signal) => this.signals.send(seat, signal),
      on: {
        state: (state) => this.peer === peer && this.connection(state),
        message: (message) => this.peer === peer && this.hear(message),
        open: () => this.peer === peer && this.opened(),
        give_up: () => this.peer === peer && this.giveUp(),
      },
    });
    this.peer = peer;
    this.own.give(peer);
    this.view.remote(peer.remote);
    this.tell(this.hadOther ? "reconnecting" : "connecting");
    this.signals.setPace("negotiating");
    if (begin) peer.begin();
    this.endQuality = watchQuality(peer.pc, (word) => this.view.quality(word));
  }

  connection(state) {
    if (state === "connected") {
      this.hadOther = true;
      this.tries = 0;
      this.tell("together");
      this.signals.setPace("together");
    } else if (state === "lost") {
      this.tell("reconnecting");
      this.signals.setPace("negotiating");
    }
  }

  giveUp() {
    this.tries = (this.tries ?? 0) + 1;
    if (this.tries > 1) this.view.announce(this.words.no_way);
    this.signals.stop();
    this.stand("gone");
  }

  opened() {
    this.peer.say({ kind: "state", ...this.own.state() });
    this.chat.look();
  }

  hear(message) {
    if (message?.kind === "state") this.view.other(message);
    else if (message?.kind === "chat") this.chat.look();
    else if (message?.kind === "bye") {
      // Its seat may be listed for another moment. A page that only fell silent may well come back on its seat.
      this.gone = this.other;
      this.away();
    }
  }

  // The other has gone, by will or not.
  away() {
    this.drop();
    this.alone = "left";
    this.tell("left");
    this.signals.setPace("waiting");
  }

  drop() {
    this.stopAwaiting();
    clearTimeout(this.again);
    this.endQuality?.();
    this.endQuality = null;
    this.peer?.close();
    this.peer = this.other = null;
    this.view.remote(null);
  }

  bye() {
    this.peer?.say({ kind: "bye" });
    this.hadOther = false;
  }

  tell(state) {
    if (this.room.root.dataset.state === state) return;
    this.room.root.dataset.state = state;
    this.view.state(state);
  }
}
