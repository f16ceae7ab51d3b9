// Sends a form once: a second click has no effect. (The shop does not rely on it.)
"use strict";

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    button.textContent = form.dataset.once;
  });
}

// A page that the back button takes from the browser's memory has its button disabled, and the CSRF
// token of a session that was renewed since.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    location.reload();
  }
});
