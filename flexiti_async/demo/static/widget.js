// Forwards messages of Flexiti's frame, and of no other window, to the shop.
"use strict";

const frame = document.getElementById("flexiti");
const status = document.getElementById("status");
const { origin, endpoint, csrf } = frame.dataset;

async function forward(message) {
  status.textContent = status.dataset.taken;
  let answer;
  try {
    answer = await fetch(endpoint, {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf-token": csrf },
      body: JSON.stringify(message),
    });
  } catch {
    status.textContent = status.dataset.lost;
    return;
  }
  const result = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    status.textContent = result.title ? `${result.title}. ${result.detail}` : status.dataset.lost;
  } else if (result.submit) {
    const form = document.getElementById(result.submit);
    form.elements.csrf.value = result.csrf; // the session was renewed
    form.submit();
  } else if (result.next) {
    location.replace(result.next); // the back button then skips the widget, which has ended
  } else {
    status.textContent = status.dataset[result.stay];
  }
}

window.addEventListener("message", (event) => {
  // Any page or script can post a message: check its origin, and that it is this frame's.
  if (event.origin === origin && event.source === frame.contentWindow) {
    forward(event.data);
  }
});
