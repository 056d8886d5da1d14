// The chat page, made live: sends its forms without leaving, waits for what is new, and puts it in.
// Without this script the same forms work and the page is simply loaded again.

import { news } from "./seen.js";

const log = document.getElementById("log");
const lines = document.getElementById("lines");
const typing = document.getElementById("typing");
const offline = document.getElementById("offline");
const text = document.getElementById("text");
let after = log.dataset.after;

// What is put in was rendered and escaped by our own server (chat_line.html).
const trusted = window.trustedTypes?.createPolicy("keyturn-chat", { createHTML: (html) => html });
const parsed = (html) => {
  const template = document.createElement("template");
  template.innerHTML = trusted ? trusted.createHTML(html) : html;
  return template.content.querySelector("li");
};

// To the end; but what is longer than the window is read from its beginning.
let left = 0;
function toEnd(from = lines.lastElementChild) {
  log.scrollTop = log.scrollHeight;
  const above = from ? from.getBoundingClientRect().top - log.getBoundingClientRect().top : 0;
  if (above < 0) log.scrollTop += above - 8;
  left = log.scrollTop;
}

// Who scrolled up to read again is not torn away by what comes.
const following = () =>
  Math.abs(log.scrollTop - left) < 2 || log.scrollHeight - log.scrollTop - log.clientHeight < 120;
const lineOf = (key) => [...lines.children].find((line) => line.dataset.key === key);

function waiting(on) {
  typing.hidden = !on;
  if (on) toEnd();
  clearTimeout(waiting.timer);
  if (on) waiting.timer = setTimeout(() => waiting(false), 8000);
}

function show({ key, html }) {
  const line = parsed(html);
  const there = lineOf(key);
  if (!there) {
    lines.append(line);
  } else if (line.classList.contains("bot")) {
    there.replaceWith(line); // the bot changed what it said
  }
  if (line.classList.contains("bot")) waiting(false);
}

// Shown at once; the server's note of it carries the same key and adds nothing.
function showOwn(key, said) {
  const line = document.createElement("li");
  line.className = "line person";
  line.dataset.key = key;
  const bubble = document.createElement("div");
  bubble.className = "bubble";
  bubble.textContent = said;
  line.append(bubble);
  lines.append(line);
}

async function send(form, button) {
  const fields = new URLSearchParams(new FormData(form, button));
  const said = button?.name === "choice" ? button.textContent.trim() : fields.get("text")?.trim();
  if (!said) return;
  const nonce = crypto.randomUUID();
  fields.set("nonce", nonce);
  fields.set("own", "1");
  showOwn(log.dataset.in + nonce, said);
  waiting(true);
  if (form.id === "composer") form.reset();
  for (let tries = 0; tries < 5; tries += 1) {
    try {
      const answer = await fetch(form.action, { method: "POST", body: fields, headers: { Accept: "application/json" } });
      if (answer.status === 403) window.location.reload(); // another tab renewed the form token
      offline.hidden = true;
      return;
    } catch {
      offline.hidden = false; // the same number goes again: it counts once
      await new Promise((done) => setTimeout(done, 1000 * (tries + 1)));
    }
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form.closest(".line") || form.id === "composer" || form.classList.contains("commands"))) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "1";
  sending = send(form, event.submitter).finally(() => {
    delete form.dataset.busy;
    text?.focus();
  });
});

let sending = Promise.resolve();

async function follow() {
  for (;;) {
    try {
      const answer = await news(`${log.dataset.lines}?after=${after}&wait=20`);
      if (!answer.ok) throw new Error(String(answer.status));
      const told = await answer.json();
      if ((told.mark ?? "") !== log.dataset.mark) {
        await sending; // its answer brings the case's cookie; a reload now would lose it
        return window.location.reload(); // a case was opened, or left
      }
      const follows = following();
      if (told.seq < after) lines.replaceChildren(); // the chat began anew
      after = told.seq;
      told.lines.forEach(show);
      const first = told.lines.map(({ key }) => lineOf(key)).find((line) => line?.classList.contains("bot"));
      if (told.lines.length && follows) toEnd(first);
      offline.hidden = true;
    } catch {
      offline.hidden = false;
      await new Promise((done) => setTimeout(done, 2000));
    }
  }
}

toEnd();
follow();
