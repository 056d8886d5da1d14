// My page, made live: this browser makes a key of its own, keeps it, and shows that it can use it.
// On the day of need the case page finds the same key (see case.js). Nothing else here needs a script.

const KEPT = "remembered"; // under this name in this browser's own database

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const base64url = (data) =>
  btoa(String.fromCharCode(...new Uint8Array(data)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
const utf8 = (text) => new TextEncoder().encode(text);

function database() {
  return new Promise((done, failed) => {
    const opening = indexedDB.open("keyturn", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
    opening.onsuccess = () => done(opening.result);
    opening.onerror = () => failed(opening.error);
  });
}

async function inKeys(mode, work) {
  const db = await database();
  try {
    return await new Promise((done, failed) => {
      const transaction = db.transaction("keys", mode);
      const asked = work(transaction.objectStore("keys"));
      transaction.oncomplete = () => done(asked.result);
      transaction.onerror = () => failed(transaction.error);
      transaction.onabort = () => failed(transaction.error);
    });
  } finally {
    db.close();
  }
}

const keptKey = () => inKeys("readonly", (keys) => keys.get(KEPT));

// Somebody else may use this browser, too: a key that is there is everybody's.
async function ownKey() {
  const there = await keptKey();
  if (there) return there;
  const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const thumbprint = base64url(
    await crypto.subtle.digest("SHA-256", utf8(JSON.stringify({ crv, kty, x, y }))), // RFC 7638
  );
  await inKeys("readwrite", (keys) => keys.put({ private: pair.privateKey, jwk: { kty, crv, x, y }, thumbprint }, KEPT));
  return keptKey(); // what the database gives back, not what we still hold
}

// As docs/http.md says: ECDH on P-256, HKDF-SHA256 with empty salt, AES-256-GCM; the answer is a SHA-256.
async function answerTo({ wire, info }, key) {
  const theirs = await crypto.subtle.importKey("raw", bytes(wire.epk), { name: "ECDH", namedCurve: "P-256" }, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, key.private, 256);
  const secret = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const box = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: utf8(info) },
    secret,
    { name: "AES-GCM", length: 256 },
    false,
    ["decrypt"],
  );
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(wire.iv) }, box, bytes(wire.ct));
  return base64url(await crypto.subtle.digest("SHA-256", plain));
}

async function post(path, body) {
  const token = document.querySelector('#remember input[name="form_token"]').value;
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Form-Token": token },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer.json();
}

async function remember(button) {
  const state = document.getElementById("remember-state");
  button.disabled = true;
  state.textContent = state.dataset.working;
  try {
    const key = await ownKey();
    const test = await post("/me/browser/test", { jwk: key.jwk });
    await post("/me/browser", { ticket: test.ticket, answer: await answerTo(test, await keptKey()) });
    window.location.assign("/me?remembered=1#browsers");
  } catch {
    state.textContent = state.dataset.failed;
    button.disabled = false;
  }
}

const button = document.querySelector("[data-remember]");
if (button) {
  button.disabled = false;
  button.addEventListener("click", () => remember(button));
}

// Which of the remembered browsers this one is, only this one knows.
if (document.querySelector("[data-thumbprint]")) {
  const key = await keptKey().catch(() => null);
  for (const row of document.querySelectorAll("[data-thumbprint]")) {
    row.querySelector("[data-mine]").hidden = !key || row.dataset.thumbprint !== key.thumbprint;
  }
}
document.getElementById("problem")?.focus();
