// The counter's screen: a new code each turn, and a display that stays awake. Without this script the
// page loads itself again every few seconds.

const room = document.getElementById("counter");
const code = document.getElementById("code");
const left = document.getElementById("left");
const lost = document.getElementById("lost");
let until = Date.parse(room.dataset.until);
let offset = Date.parse(room.dataset.at) - Date.now(); // the server's clock decides
let asking = false;

function show(told) {
  until = Date.parse(told.until);
  offset = Date.parse(told.at) - Date.now();
  code.textContent = `${told.code.slice(0, 3)} ${told.code.slice(3)}`;
  code.setAttribute("aria-label", code.dataset.label.replace("{n}", told.code.split("").join(" ")));
  lost.hidden = true;
}

async function renew() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch("/counter/code", { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("unavailable");
    const told = await answer.json();
    if (told.code) show(told);
    else window.location.reload(); // no counter any more: the page says so
  } catch {
    code.textContent = "––– –––"; // an old code must not stand there
    lost.textContent = room.dataset.lost;
    lost.hidden = false;
    until = Date.now() + offset + 3000;
  } finally {
    asking = false;
  }
}

function tick() {
  const rest = (until - Date.now() - offset) / 1000;
  left.value = Math.max(0, rest);
  if (rest <= 0) renew();
}

async function wake() {
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // The system saves power; its settings decide.
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    wake();
    renew();
  }
});
wake();
setInterval(tick, 500);
