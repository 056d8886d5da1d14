// Keeps the desk's board up to date, and listens to its keys. Without this script the page is simply
// loaded again.
//
// Only what changed is exchanged, and nothing that somebody is typing in or has folded open; a case that
// holds the focus stays where it is, and its button keeps the focus. What changed is said in one short
// sentence, politely.

import "./desk_keys.js";
import { news as tidings } from "./seen.js";

const board = document.getElementById("board");
const news = document.getElementById("news");
let mark = board.dataset.mark;
let said = board.dataset.summary;

// What is put in was rendered and escaped by our own server (desk_board.html).
const trusted = window.trustedTypes?.createPolicy("keyturn-desk", { createHTML: (html) => html });

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = trusted ? trusted.createHTML(html) : html;
  return template.content;
}

const known = new WeakMap(); // what the server last sent for an element; the browser's own may differ
const remember = (root) => root.querySelectorAll("[data-key], [data-part]").forEach((one) => known.set(one, one.outerHTML));

const busy = (element) =>
  [...element.querySelectorAll("details")].some((one) => one.open) ||
  element.matches("details[open]") ||
  (/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName) && element.contains(document.activeElement));

function exchange(old, fresh) {
  const held = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  known.set(fresh, fresh.outerHTML);
  fresh.querySelectorAll("[data-part]").forEach((one) => known.set(one, one.outerHTML));
  if (held) {
    const again = (held.id && document.getElementById(held.id)) || fresh.closest(".case") || fresh.querySelector("a, button");
    again?.focus({ preventScroll: true });
  }
}

// A case that holds the focus, or in which somebody types: part by part.
function inParts(old, fresh) {
  const mine = new Map([...old.children].map((part) => [part.dataset.part, part]));
  let before = null;
  for (const part of [...fresh.children]) {
    const there = mine.get(part.dataset.part);
    mine.delete(part.dataset.part);
    if (!there) {
      if (before) before.after(part);
      else old.prepend(part);
      known.set(part, part.outerHTML);
      before = part;
    } else {
      const changed = known.get(there) !== part.outerHTML && !busy(there);
      if (changed) exchange(there, part);
      before = changed ? part : there;
    }
  }
  for (const gone of mine.values()) if (!busy(gone)) gone.remove();
  old.className = fresh.className;
  known.set(old, fresh.outerHTML);
}

function take(old, fresh) {
  if (known.get(old) === fresh.outerHTML) return;
  if (!old.matches(".case")) {
    if (!busy(old)) exchange(old, fresh);
  } else if (old.contains(document.activeElement) || busy(old)) inParts(old, fresh.cloneNode(true));
  else exchange(old, fresh);
}

// The cases in the server's order. The one that holds the focus is not moved: moving would lose it.
function put(html) {
  const page = parsed(html);
  const cards = document.getElementById("cards");
  const before = new Map([...board.querySelectorAll("[data-key]")].map((one) => [one.dataset.key, one]));
  const order = [];
  for (const fresh of [...page.querySelectorAll("[data-key]")]) {
    const key = fresh.dataset.key;
    const inQueue = fresh.parentElement?.id === "cards";
    const old = before.get(key);
    before.delete(key);
    if (old) take(old, fresh);
    else if (inQueue) {
      cards.append(fresh);
      remember(fresh.parentElement);
    }
    if (inQueue) order.push(key);
  }
  for (const gone of before.values()) if (gone.parentElement === cards && !(busy(gone) && gone.matches(".case"))) leave(gone);
  const shown = new Map([...cards.children].map((one) => [one.dataset.key, one]));
  const held = document.activeElement?.closest("#cards > *")?.dataset.key;
  const at = order.indexOf(held);
  order.forEach((key, n) => {
    const one = shown.get(key);
    if (key === held) return;
    if (at >= 0 && n < at) shown.get(held).before(one);
    else cards.append(one);
  });
}

// A case that left the queue while it held the focus leaves it to the one that comes next.
function leave(gone) {
  if (gone.contains(document.activeElement)) {
    const next = gone.nextElementSibling ?? gone.previousElementSibling;
    if (next?.matches(".case")) next.focus({ preventScroll: true });
    else document.getElementById("next")?.focus({ preventScroll: true });
  }
  gone.remove();
}

remember(board);
const place = window.location.hash.startsWith("#c-") && document.getElementById(window.location.hash.slice(1));
if (place) place.focus();

for (;;) {
  try {
    const query = `after=${mark}&show=${board.dataset.show}${board.dataset.pane ?? ""}`;
    const answer = await tidings(`/desk/board?${query}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const now = await answer.json();
    if (now.over) {
      window.location.reload();
      break;
    }
    put(now.html);
    if (now.summary !== said) news.textContent = now.summary;
    said = now.summary;
    mark = now.mark;
  } catch {
    await new Promise((done) => setTimeout(done, 3000));
  }
}
