// Fills the panel of what happens behind the shop, once a second. For the demo only.
"use strict";

const panel = document.getElementById("behind");
const part = (name) => panel.querySelector(`[data-part=${name}]`);
let shown = "";

function line({ moment, worker, kind, what, name, outcome, took }) {
  const item = document.createElement("li");
  item.className = kind;
  const cells = { moment, what, name, outcome: took ? `${outcome}, ${took}` : outcome, worker };
  for (const [cell, text] of Object.entries(cells)) {
    const span = document.createElement("span");
    span.className = cell;
    span.textContent = text;
    item.append(span, " ");
  }
  return item;
}

async function look() {
  if (document.visibilityState === "visible") {
    const answer = await fetch(panel.dataset.source).catch(() => null);
    const text = answer?.ok ? await answer.text() : "{}";
    const { totals, reference_id: id, lines } = JSON.parse(text);
    if (lines && text !== shown) {
      shown = text;
      part("totals").textContent = totals;
      part("reference_id").textContent = id;
      part("lines").replaceChildren(...lines.map(line));
    }
  }
  setTimeout(look, 1000);
}

look();
