// Keeps the desk's board up to date. Without this script the page is simply loaded again.

import { news as tidings } from "./seen.js";

const board = document.getElementById("board");
const news = document.getElementById("news");
let mark = board.dataset.mark;

// What is put in was rendered and escaped by our own server (desk_board.html).
const trusted = window.trustedTypes?.createPolicy("keyturn-desk", { createHTML: (html) => html });

function put(html) {
  const focused = document.activeElement?.closest("form, a");
  const at = focused && board.contains(focused) ? [...board.querySelectorAll("form, a")].indexOf(focused) : -1;
  board.innerHTML = trusted ? trusted.createHTML(html) : html;
  if (at >= 0) {
    const again = board.querySelectorAll("form, a")[at];
    (again?.querySelector("button") ?? again)?.focus({ preventScroll: true });
  }
}

for (;;) {
  try {
    const answer = await tidings(`/desk/board?after=${mark}${board.dataset.pane ?? ""}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const now = await answer.json();
    if (now.over) {
      window.location.reload();
      break;
    }
    if (now.mark !== mark) news.textContent = `${news.dataset.text}`;
    mark = now.mark;
    put(now.html);
  } catch {
    await new Promise((done) => setTimeout(done, 3000));
  }
}
