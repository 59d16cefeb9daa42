// The room on the join page. It is looked for at the start and after every swap, because the page may be open long before
// the room is; while somebody is in it, the page never swaps it.
const ROOM = "[data-room]";
let open = null;

async function look() {
  const root = document.querySelector(ROOM);
  if (open && open.root === root) return;
  open?.end();
  open = null;
  if (!root) return;
  const here = { root, end: () => {} };
  open = here;
  const { Room } = await import("./room.js");
  if (open !== here) return;
  const room = new Room(root);
  here.end = () => room.end();
  room.start();
}

look();
document.addEventListener("htmx:afterSettle", look);
addEventListener("pagehide", () => open?.end());
// Brought back as it was left: the seat is given up, so everything begins anew.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
