// How good the line is, in one of three words, from what the browser measures: round trips and what was lost on the way.
const EVERY = 3000;
const WEAK = { trip: 0.25, lost: 0.03 };
const POOR = { trip: 0.5, lost: 0.1 };

// Calls show("good" | "weak" | "poor") every three seconds; returns what ends it.
export function watchQuality(pc, show) {
  let before = null;
  const timer = setInterval(async () => {
    if (!["connected", "completed"].includes(pc.iceConnectionState)) return;
    const now = read(await pc.getStats());
    if (before) show(judge(now, before));
    before = now;
  }, EVERY);
  return () => clearInterval(timer);
}

function read(report) {
  const seen = { trip: 0, lost: 0, received: 0, far: 0 };
  for (const entry of report.values()) {
    if (entry.type === "candidate-pair" && entry.nominated && entry.state === "succeeded") {
      seen.trip = Math.max(seen.trip, entry.currentRoundTripTime ?? 0);
    } else if (entry.type === "inbound-rtp") {
      seen.lost += entry.packetsLost ?? 0;
      seen.received += entry.packetsReceived ?? 0;
    } else if (entry.type === "remote-inbound-rtp") {
      seen.far = Math.max(seen.far, entry.fractionLost ?? 0);
    }
  }
  return seen;
}

function judge(now, before) {
  const lost = Math.max(0, now.lost - before.lost);
  const came = Math.max(0, now.received - before.received);
  const share = Math.max(now.far, came + lost ? lost / (came + lost) : 0);
  if (now.trip > POOR.trip || share > POOR.lost) return "poor";
  return now.trip > WEAK.trip || share > WEAK.lost ? "weak" : "good";
}
