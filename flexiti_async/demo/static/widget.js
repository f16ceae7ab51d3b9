// Hands what Flexiti's window says on to the shop: that window's words, and nobody else's.
"use strict";

const frame = document.getElementById("flexiti");
const status = document.getElementById("status");
const { origin, tell, csrf } = frame.dataset;

async function handOn(message) {
  status.textContent = status.dataset.taken;
  let answer;
  try {
    answer = await fetch(tell, {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf-token": csrf },
      body: JSON.stringify(message),
    });
  } catch {
    status.textContent = status.dataset.lost;
    return;
  }
  const says = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    status.textContent = says.title ? `${says.title}. ${says.detail}` : status.dataset.lost;
  } else if (says.submit) {
    document.getElementById(says.submit).submit();
  } else if (says.next) {
    location.replace(says.next); // the back button then leads to before the widget, which has ended
  } else {
    status.textContent = status.dataset[says.stay];
  }
}

window.addEventListener("message", (event) => {
  // Any page or script can post a message: the origin says whose it is, the source which window.
  if (event.origin === origin && event.source === frame.contentWindow) {
    handOn(event.data);
  }
});
