// Results swap in place while one types, so the button is for readers without this file. Filters that are dropped
// in the results are dropped in the form too.
document.documentElement.classList.add("js");
const form = document.getElementById("filters");

document.addEventListener("click", (event) => {
  const link = event.target.closest("#results .found [data-drop]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const kept = new URL(link.href).searchParams;
  for (const field of form.elements) if (field.name && field.name !== "sort") field.value = kept.get(field.name) ?? "";
  form.requestSubmit();
});

// A select that says something is tinted, as the server draws it.
form.addEventListener("change", (event) => {
  if (event.target.matches("select:not([name=sort])")) event.target.classList.toggle("on", Boolean(event.target.value));
});
