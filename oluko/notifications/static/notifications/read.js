// Opening a notification marks it read, by the form beside it; the request outlives the page that is left.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".list .unread a[href]");
  const form = link?.closest("li")?.querySelector("form");
  if (form) fetch(form.action, { method: "POST", body: new FormData(form), keepalive: true, redirect: "manual" });
});
