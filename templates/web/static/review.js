// Tells the agent when something on the review page has changed, and whether the person is there.
// Without this script the page is simply loaded again.

import { news as tidings } from "./seen.js";

const review = document.getElementById("review");
const badge = document.getElementById("presence");
const news = document.getElementById("news");
const approve = document.getElementById("approve");
const away = document.getElementById("away");
let mark = review.dataset.mark;
let present = review.dataset.present;

function busy() {
  // Something typed must not be lost to a reload.
  return [...document.querySelectorAll("input:not([type=hidden]):not([type=checkbox]), textarea")].some((i) => i.value);
}

function show() {
  const here = present === "true";
  badge.textContent = here ? badge.dataset.here : badge.dataset.away;
  badge.classList.toggle("good", here);
  if (approve && "page" in approve.dataset) approve.disabled = !here;
  if (away) away.hidden = here;
}

for (;;) {
  try {
    const query = new URLSearchParams({ after: mark, present });
    const answer = await tidings(`${review.dataset.live}?${query}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const now = await answer.json();
    if (now.over) {
      window.location.reload();
      break;
    }
    present = String(now.present);
    show();
    if (now.mark !== mark) {
      mark = now.mark;
      if (!busy()) {
        window.location.reload();
        break;
      }
      news.hidden = false;
    }
  } catch {
    await new Promise((done) => setTimeout(done, 3000));
  }
}
