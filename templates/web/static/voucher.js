// Loads the voucher page again when the digits have run out or were typed, and when the person's page
// opens or closes. Without this script the page is simply loaded again by hand.

const page = document.getElementById("voucher");
const seen = page.dataset.state;

for (;;) {
  await new Promise((done) => setTimeout(done, 3000));
  try {
    const answer = await fetch(window.location.pathname, { headers: { Accept: "application/json" } });
    const now = answer.ok ? await answer.json() : null;
    const state = now ? `${now.status} ${now.digits ? "digits" : ""} ${now.present ? "here" : "away"}` : "";
    if (state !== seen && !document.querySelector("input[name=how]:checked")) {
      window.location.reload();
      break;
    }
  } catch {
    // The network is away for a moment; ask again.
  }
}
