// Keeps the tenant page live: fetches the fragment every two seconds and swaps it when it changed,
// unless the reader's focus or selection is inside.
const live = document.getElementById("live");
let last = "";

async function refresh() {
  if (document.hidden || !live) return;
  try {
    const answer = await fetch(live.dataset.from, { cache: "no-store" });
    if (!answer.ok) return;
    const text = await answer.text();
    const busy = live.contains(document.activeElement) || !(getSelection()?.isCollapsed ?? true);
    if (last && text !== last && !busy) live.innerHTML = text;
    if (!busy || !last) last = text;
  } catch {
    // The sandbox is away; the next round tries again.
  }
}

document.getElementById("person")?.addEventListener("change", (event) => event.target.form.submit());
setInterval(refresh, 2000);
refresh();
