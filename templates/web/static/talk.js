// The talk between person and agent: sends a line without leaving the page, keeps what is being typed,
// and, on the agents' pages, shows new lines by itself. On the case page `case.js` exchanges the lines.
// Without this script the forms work, and the page is simply loaded again.

import { news as tidings } from "./seen.js";

const section = () => document.getElementById("talk");
const onCase = document.getElementById("case") !== null;
const trusted = window.trustedTypes?.createPolicy("keyturn-talk", { createHTML: (html) => html });

// --- sending -------------------------------------------------------------------------------------

const named = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].join("");
let once = "";
let asOf = ""; // the words that `once` names: the same ones sent again after a failure are one line

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("talk" in form.dataset)) return;
  event.preventDefault();
  const text = form.elements.text;
  const words = text ? text.value : form.elements.quick.value;
  if (!words.trim()) return;
  const button = event.submitter ?? form.querySelector("button");
  if (asOf !== words || !text) [once, asOf] = [named(), words];
  const fields = new URLSearchParams(new FormData(form));
  fields.set("once", once);
  const said = document.getElementById("talk-said");
  button.disabled = true;
  said.textContent = "";
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields, headers: { Accept: "application/json" } });
    const told = await answer.json();
    if (told.ok) {
      if (text) text.value = "";
      asOf = "";
      said.textContent = (told.masked ? form.dataset.masked : form.dataset.sent) ?? "";
    } else {
      said.textContent = told.words ?? form.dataset.failed ?? "";
      if (told.error === "talk_secret") text.value = "";
      if (!told.words) throw new Error("failed");
    }
  } catch {
    if (form.dataset.failed) said.textContent = form.dataset.failed;
    else form.submit();
  } finally {
    button.disabled = false;
    if (text) text.focus({ preventScroll: true });
  }
});

// Enter sends, as in a chat; Shift and Enter make a new row.
document.addEventListener("keydown", (event) => {
  if (event.target.id !== "talk-text" || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

// --- keeping the reader's place --------------------------------------------------------------------

const bottom = () => {
  const scroll = section()?.querySelector(".talk-scroll");
  if (scroll) scroll.scrollTop = scroll.scrollHeight;
};

let draft = "";
let typing = null; // where in the words, while somebody is at them

document.addEventListener("input", (event) => {
  if (event.target.id === "talk-text") draft = event.target.value;
});
document.addEventListener("focusin", (event) => {
  typing = event.target.id === "talk-text" ? event.target : null;
});

// The case page may be drawn anew as a whole: what somebody is typing is put back, and they with it.
function again() {
  const part = section();
  const lines = document.getElementById("talk-lines");
  if (!part || !lines) return;
  part.hidden = !("shown" in lines.dataset);
  const text = document.getElementById("talk-text");
  if (text && typing && typing !== text && !typing.isConnected) {
    text.value = draft;
    typing = text;
    text.focus({ preventScroll: true });
  }
  bottom();
  looked(lines);
}

let told = 0;
async function looked(lines) {
  const seq = Number(lines.dataset.seen);
  if (!Number(lines.dataset.unread) || document.hidden || seq <= told) return;
  told = seq;
  const token = document.querySelector('#case input[name="form_token"]').value;
  const { base } = section().dataset;
  await new Promise((done) => setTimeout(done, 4000)); // long enough to be seen as new
  await fetch(`${base}/talk/seen`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Form-Token": token },
    body: JSON.stringify({ seq }),
  }).catch(() => (told = 0));
}

if (onCase) {
  new MutationObserver(again).observe(document.getElementById("main"), { childList: true, subtree: true });
  document.addEventListener("visibilitychange", again);
}

// --- the agents' pages -------------------------------------------------------------------------------

async function listen() {
  const part = section();
  const list = document.getElementById("talk-lines");
  let mark = part.dataset.mark;
  for (;;) {
    try {
      const answer = await tidings(`${part.dataset.live}?${new URLSearchParams({ after: mark })}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const now = await answer.json();
      if (now.over) return;
      if (now.mark === mark) continue;
      mark = now.mark;
      const template = document.createElement("template");
      template.innerHTML = trusted ? trusted.createHTML(now.html) : now.html;
      list.replaceChildren(template.content);
      bottom();
      document.getElementById("talk-waiting")?.remove();
      if (now.waiting) {
        const last = now.lines.at(-1);
        document.getElementById("talk-news").textContent = `${part.dataset.news}: ${last?.author === "person" ? last.text : ""}`;
      }
    } catch {
      await new Promise((done) => setTimeout(done, 3000));
    }
  }
}

bottom();
if (!onCase && section()) listen();
