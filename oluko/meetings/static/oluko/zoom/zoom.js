// Joins the meeting by Zoom's Meeting SDK (component view), which the page has loaded from Zoom.
const root = document.getElementById("zoom");
const trouble = document.getElementById("zoom-trouble");

async function join() {
  const { signature, number, password, name, key, language } = root.dataset;
  const client = window.ZoomMtgEmbedded.createClient();
  await client.init({ zoomAppRoot: root, language, patchJsMedia: true, leaveOnPageUnload: true });
  await client.join({ signature, meetingNumber: number, password, userName: name, customerKey: key });
}

join().catch((problem) => {
  // A network that keeps Zoom's scripts away leaves no client at all.
  root.hidden = true;
  document.getElementById("zoom-reason").textContent = problem?.reason ?? "";
  trouble.hidden = false;
});
