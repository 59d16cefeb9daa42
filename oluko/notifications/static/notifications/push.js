// The button on the settings page that turns web push on or off for this browser. Nothing is asked before it is pressed.
const box = document.querySelector("[data-push]");
const button = box?.querySelector("button");
const says = box?.querySelector("[data-push-says]");
const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

function show(state) {
  says.textContent = box.dataset[state];
  button.textContent = state === "on" ? box.dataset.turnOff : box.dataset.turnOn;
  button.dataset.state = state;
  button.hidden = state === "denied" || state === "unable";
}

function send(address, body) {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": box.dataset.csrf };
  return fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
}

// "Firefox on Linux": what a person knows the device by.
function device() {
  const agent = navigator.userAgent;
  const browser = ["Firefox", "Edg", "OPR", "Chrome", "Safari"].find((name) => agent.includes(`${name}/`)) ?? "Browser";
  const system = ["Android", "iPhone", "iPad", "Windows", "Mac", "Linux"].find((name) => agent.includes(name)) ?? "";
  return [{ Edg: "Edge", OPR: "Opera" }[browser] ?? browser, system].filter(Boolean).join(", ");
}

async function turnOn() {
  if ((await Notification.requestPermission()) !== "granted") return show("denied");
  const registration = await navigator.serviceWorker.register(box.dataset.worker);
  await navigator.serviceWorker.ready;
  const key = Uint8Array.from(atob(box.dataset.key.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const answer = await send(box.dataset.onAddress, { ...subscription.toJSON(), device: device() });
  if (!answer.ok) await subscription.unsubscribe();
  show(answer.ok ? "on" : "failed");
}

async function turnOff() {
  const subscription = await current();
  if (subscription) {
    await send(box.dataset.offAddress, { endpoint: subscription.endpoint });
    await subscription.unsubscribe();
  }
  show("off");
}

async function current() {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return registration?.pushManager.getSubscription();
}

async function start() {
  if (!able) return show("unable");
  if (Notification.permission === "denied") return show("denied");
  show((await current()) ? "on" : "off");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await (button.dataset.state === "on" ? turnOff() : turnOn());
    } catch {
      show("failed");
    }
    button.disabled = false;
  });
}

if (box) start();
