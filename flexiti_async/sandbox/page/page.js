// Plays the customer of a widget session (spec section 7) and posts the event to the parent page.
"use strict";

const TEXTS = {
  en: {
    badge: "Sandbox: no money moves here",
    title: { purchase: "Confirm your purchase", apply: "Confirm your application" },
    merchant: "at {0}",
    accounts: "Pay with",
    account: "account {0}, {1}, {2} available",
    types: { consumer: "personal", business: "business" },
    mfa: "Verify me by",
    sms: "text message",
    email: "e-mail",
    question: "security question",
    pin: "PIN (four digits)",
    hint: { purchase: "The sandbox sent the PIN {0}.", apply: "In the sandbox, the PIN is {0}." },
    approve: "Approve",
    decline: "Decline",
    cancel: "Cancel",
    others: "Other outcomes",
    activation: "Activate an account",
    apply: "Apply for an account",
    purchase: "Buy with my account",
    retry: "Third party timed out",
    failure: "Widget failure",
    ended: "Sent to the shop",
    wrongPin: "Incorrect PIN. Please try again.",
    noAccount: "We found no account for this customer.",
    noSession: "Unknown widget session: the sandbox's widget/init did not return this address.",
    offline: "The sandbox is not responding.",
  },
  fr: {
    badge: "Bac à sable : aucun argent ne circule ici",
    title: { purchase: "Confirmez votre achat", apply: "Confirmez votre demande" },
    merchant: "chez {0}",
    accounts: "Payer avec",
    account: "compte {0}, {1}, {2} disponibles",
    types: { consumer: "personnel", business: "entreprise" },
    mfa: "Vérifier mon identité par",
    sms: "message texte",
    email: "courriel",
    question: "question de sécurité",
    pin: "NIP (quatre chiffres)",
    hint: { purchase: "Le bac à sable a envoyé le NIP {0}.", apply: "Dans le bac à sable, le NIP est {0}." },
    approve: "Approuver",
    decline: "Refuser",
    cancel: "Annuler",
    others: "Autres résultats",
    activation: "Activer un compte",
    apply: "Demander un compte",
    purchase: "Acheter avec mon compte",
    retry: "Délai d'attente d'un tiers dépassé",
    failure: "Échec du widget",
    ended: "Envoyé au magasin",
    wrongPin: "NIP incorrect. Veuillez réessayer.",
    noAccount: "Aucun compte n'a été trouvé pour ce client.",
    noSession: "Session de widget inconnue : cette adresse ne provient pas de widget/init.",
    offline: "Le bac à sable ne répond pas.",
  },
};

const $ = (id) => document.getElementById(id);
const fill = (text, ...values) => text.replace(/\{(\d)\}/g, (_, index) => values[index]);

let where;
let session;
let texts;

// #/widget/{client_id}/{token}?lang=…&x-reference-id=…&widget_session_id=… (spec section 4.4)
function readFragment() {
  const [route, query = ""] = location.hash.slice(1).split("?");
  const [, , clientId = "", token = ""] = route.split("/");
  const values = new URLSearchParams(query);
  const lang = values.get("lang") === "fr" ? "fr" : "en";
  where = {
    client_id: decode(clientId),
    token: decode(token),
    widget_session_id: values.get("widget_session_id"),
  };
  texts = TEXTS[lang];
  document.documentElement.lang = lang === "fr" ? "fr-CA" : "en-CA";
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function ask(what, more = {}) {
  const response = await fetch(`/sandbox/widget/${what}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...where, ...more }),
  });
  if (!response.ok) {
    const error = new Error(await response.text());
    error.status = response.status;
    throw error;
  }
  return response.json();
}

function showTexts() {
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = texts[element.dataset.text];
  }
}

function showError(error) {
  $("error").textContent = !error ? "" : error.status === 404 ? texts.noSession : error.status ? error.message : texts.offline;
}

function showSession() {
  $("title").textContent = document.title = texts.title[session.flow];
  $("merchant").textContent = fill(texts.merchant, session.merchant_name);
  $("hint").textContent = fill(texts.hint[session.flow], session.pin);
  for (const button of document.querySelectorAll("[data-choice]")) {
    button.hidden = !session.choices.includes(button.dataset.choice);
  }
  $("verify").hidden = !session.choices.includes("approve");
  $("notice").textContent = session.flow === "purchase" && !session.accounts.length ? texts.noAccount : "";
  showAccounts();
  $("form").hidden = false;
  ($("verify").hidden ? $("title") : $("pin")).focus();
}

function showAccounts() {
  const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: "CAD" });
  const labels = session.accounts.map((account, index) => {
    const radio = document.createElement("input");
    radio.type = "radio";
    radio.name = "account";
    radio.value = account.account_number;
    radio.checked = index === 0;
    const label = document.createElement("label");
    const { account_number: number, account_type: type, available_credit: credit } = account;
    label.append(radio, fill(texts.account, number, texts.types[type], money.format(credit)));
    return label;
  });
  $("accounts").replaceChildren(...labels);
  $("account-group").hidden = labels.length < 2;
}

// The page of an ended session can be opened again, but the event is posted only once.
function showEnd(event) {
  $("form").hidden = true;
  $("notice").textContent = "";
  $("event").textContent = JSON.stringify(event, null, 2);
  $("end").hidden = false;
  $("end-title").focus();
}

function chosenAccount() {
  const radio = document.querySelector("input[name=account]:checked");
  return radio ? Number(radio.value) : null;
}

async function choose(choice) {
  const buttons = document.querySelectorAll("button");
  buttons.forEach((button) => (button.disabled = true));
  showError(null);
  try {
    const { event } = await ask("finish", {
      choice,
      pin: $("pin").value,
      mfa: $("mfa").value,
      account_number: chosenAccount(),
    });
    if (event) {
      showEnd(event);
      window.parent.postMessage(event, "*"); // as Flexiti does (spec section 7.2)
    } else {
      refusePin();
    }
  } catch (error) {
    showError(error);
  } finally {
    buttons.forEach((button) => (button.disabled = false));
  }
}

function refusePin() {
  $("error").textContent = texts.wrongPin;
  $("pin").setAttribute("aria-invalid", "true");
  $("pin").select();
  $("pin").focus();
}

async function start() {
  readFragment();
  showTexts();
  showError(null);
  $("form").hidden = true;
  $("end").hidden = true;
  try {
    session = await ask("open");
    if (session.event) {
      showEnd(session.event);
      return;
    }
    await ask("send", { mfa: $("mfa").value });
    showSession();
  } catch (error) {
    showError(error);
  }
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (/^[0-9]{4}$/.test($("pin").value)) {
    choose("approve");
  } else {
    refusePin();
  }
});

$("form").addEventListener("click", (event) => {
  const choice = event.target.dataset?.choice;
  if (choice && choice !== "approve") {
    choose(choice);
  }
});

$("pin").addEventListener("input", () => $("pin").removeAttribute("aria-invalid"));
$("mfa").addEventListener("change", () => ask("send", { mfa: $("mfa").value }).catch(showError));
window.addEventListener("hashchange", start);
start();
