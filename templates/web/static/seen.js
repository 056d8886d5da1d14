// Waits for news on behalf of pages that somebody sees. A browser opens six connections to one server,
// over all its tabs: tabs in the background that each held one would leave none for the page in front.

const back = () => new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));

export async function news(address) {
  for (;;) {
    while (document.hidden) await back();
    const waiting = new AbortController();
    const away = () => document.hidden && waiting.abort();
    document.addEventListener("visibilitychange", away);
    try {
      return await fetch(address, { headers: { Accept: "application/json" }, signal: waiting.signal });
    } catch (problem) {
      if (problem.name !== "AbortError") throw problem;
    } finally {
      document.removeEventListener("visibilitychange", away);
    }
  }
}
