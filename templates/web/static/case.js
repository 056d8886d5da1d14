// The case page, made live: the page key and its test, the pulse that keeps the page "here", the ring
// and the opening of the sealed pass. Everything that is no cryptography also works as plain forms.
//
// The key pair is made here and cannot be exported; it lives in this browser's own database, under
// this page's path. What is sealed to it is opened by: ECDH on P-256, HKDF-SHA256 (empty salt, info as
// told), AES-256-GCM (see docs/http.md).

const room = () => document.getElementById("case");
const base = room().dataset.base;
const title = document.title;
let audio = null;

// --- bytes -----------------------------------------------------------------------------------

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const base64url = (data) =>
  btoa(String.fromCharCode(...new Uint8Array(data)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
const utf8 = (text) => new TextEncoder().encode(text);

// --- the key -----------------------------------------------------------------------------------

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

const storedKey = () => inKeys("readonly", (keys) => keys.get(base));
const forgetKey = () => inKeys("readwrite", (keys) => keys.delete(base));

// The key that this browser keeps since its owner enrolled it on my page (me.js). Somebody who says that
// this computer is shared gives it up for good.
const KEPT = "remembered";
const shared = () => room().dataset.shared === "yes";

async function rememberedKey() {
  const key = await inKeys("readonly", (keys) => keys.get(KEPT));
  if (!key) return null;
  if (shared()) {
    await inKeys("readwrite", (keys) => keys.delete(KEPT));
    return { forgotten: key.thumbprint };
  }
  await inKeys("readwrite", (keys) => keys.put(key, base));
  return storedKey();
}

async function makeKey() {
  const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const thumbprint = base64url(
    await crypto.subtle.digest("SHA-256", utf8(JSON.stringify({ crv, kty, x, y }))), // RFC 7638
  );
  await inKeys("readwrite", (keys) => keys.put({ private: pair.privateKey, jwk: { kty, crv, x, y }, thumbprint }, base));
  return storedKey(); // what the database gives back, not what we still hold
}

async function open(wire, info, key) {
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
  return crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(wire.iv) }, box, bytes(wire.ct));
}

const answerTo = async (challenge, key) =>
  base64url(await crypto.subtle.digest("SHA-256", await open(challenge.wire, challenge.info, key)));

// --- talking to the server -----------------------------------------------------------------------

const token = () => document.querySelector('#case input[name="form_token"]').value;

async function post(name, body) {
  const answer = await fetch(`${base}/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Form-Token": token() },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok && told.error !== "unavailable" && answer.status < 500) {
    throw Object.assign(new Error(told.error), { refused: true });
  }
  if (!answer.ok) throw new Error("unavailable");
  return told;
}

// What is put in was rendered and escaped by our own server.
const trusted = window.trustedTypes?.createPolicy("keyturn-case", { createHTML: (html) => html });
function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = trusted ? trusted.createHTML(html) : html;
  return template.content;
}

const busy = (element) =>
  element.contains(document.activeElement) && /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);

// What the reader has folded open stays open in the newer rendering.
function unfold(old, part) {
  const before = old.querySelectorAll("details");
  part.querySelectorAll("details").forEach((one, n) => {
    if (before[n]) one.open = before[n].open;
  });
}

// Put *part* in the place of *old* without losing the reader's place in the page.
function exchange(old, part) {
  const held = old.contains(document.activeElement) ? document.activeElement.id : null;
  old.replaceWith(part);
  if (held === null) return;
  const next = (held && document.getElementById(held)) || part.querySelector("h2, h3");
  if (next && !next.matches("a, button, input, select")) next.tabIndex = -1;
  next?.focus();
}

const filled = (element) =>
  [...element.querySelectorAll("input")].some((field) =>
    /^(radio|checkbox)$/.test(field.type) ? field.checked !== field.defaultChecked : field.type !== "hidden" && field.value,
  );

// Take over a newer rendering: the whole screen when it is another one, else only the parts that
// changed and that nobody is typing in.
function take(html, { whole = false } = {}) {
  const page = parsed(html);
  const next = page.querySelector("#case");
  if (!next || next.dataset.stage === "finished") return window.location.reload();
  outage(page);
  const before = room().dataset.stage;
  if (whole || next.dataset.stage !== before) {
    room().replaceWith(next);
    document.title = page.querySelector("title")?.textContent ?? title;
    const target = document.getElementById("problem") ?? document.getElementById("left") ?? room().querySelector("h1");
    target?.focus();
    if (next.dataset.stage === "pass" && before !== "pass") ring();
    screen();
    return undefined;
  }
  const known = new Map([...room().querySelectorAll("[data-live]")].map((part) => [part.id, part]));
  const fresh = [...next.querySelectorAll("[data-live]")];
  for (const part of fresh) {
    const old = known.get(part.id);
    if (!old) return take(html, { whole: true });
    known.delete(part.id);
    unfold(old, part);
    if (old.outerHTML !== part.outerHTML && !busy(old) && !filled(old)) {
      exchange(old, part);
      say(part);
      if (part.dataset.bell && part.dataset.bell !== old.dataset.bell) knock(part.dataset.bell);
    }
  }
  for (const gone of known.values()) gone.remove();
  room().dataset.version = next.dataset.version;
  return undefined;
}

// What is broken for everybody stands above the screen, and goes when it is over.
function outage(page) {
  const [old, now] = [document.getElementById("outage"), page.querySelector("#outage")];
  if (old && now) old.replaceWith(now);
  else if (old) old.parentElement.remove();
  else if (now) document.getElementById("main").prepend(now.parentElement);
}

function say(part) {
  const news = part.querySelector('[role="status"]') ?? part.querySelector("h2, h3");
  if (news) document.getElementById("live").textContent = news.textContent.trim();
}

async function renew() {
  const answer = await fetch(base, { headers: { Accept: "text/html" } });
  if (answer.ok) take(await answer.text());
}

async function send(form, button) {
  const fields = new URLSearchParams(new FormData(form, button));
  const answer = await fetch(form.action, { method: "POST", body: fields, headers: { Accept: "text/html" } });
  take(await answer.text(), { whole: true });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.closest("#case") || "plain" in form.dataset) return;
  event.preventDefault();
  const buttons = form.querySelectorAll("button");
  buttons.forEach((button) => (button.disabled = true));
  try {
    await send(form, event.submitter);
  } catch {
    connected(false);
    buttons.forEach((button) => (button.disabled = false));
  }
});

// --- being here ------------------------------------------------------------------------------------

function connected(yes) {
  const sign = document.getElementById("here");
  if (!sign) return;
  sign.hidden = false;
  const words = yes ? sign.dataset.here : sign.dataset.away;
  if (sign.textContent !== words) sign.textContent = words;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function pulse(key) {
  let answer = "";
  let last = "";
  let silent = 0;
  for (;;) {
    try {
      const told = await post("pulse", { answer, version: room().dataset.version, wait: 20 });
      silent = 0;
      connected(true);
      const wire = told.challenge?.wire.ct ?? "";
      answer = told.challenge ? await answerTo(told.challenge, key) : "";
      if (told.version !== room().dataset.version) {
        if (answer) {
          await post("pulse", { answer, version: told.version, wait: 0 });
          answer = "";
        }
        await renew();
        if (ended()) return await forgetKey();
        await pause(300);
      } else if (!wire || wire === last) {
        await pause(2000);
      }
      last = wire;
    } catch (problem) {
      if (problem.refused) {
        await pause(2000); // the attempt ended, or was frozen: the page says which
        return window.location.reload();
      }
      if (problem.name === "OperationError") return lostKey();
      connected(false);
      answer = "";
      silent = Math.min(silent + 1, 6);
      await pause(500 * 2 ** silent);
    }
  }
}

// --- screens ---------------------------------------------------------------------------------------

// Nothing more happens on these screens, so nobody need answer.
const ended = () => ["over", "frozen"].includes(room().dataset.stage);

function lostKey() {
  document.getElementById("key-failed")?.removeAttribute("hidden");
  if (room().dataset.stage !== "key") document.getElementById("key-lost").hidden = false;
  connected(false);
}

async function begin() {
  const { stage, claimed, thumbprint } = room().dataset;
  if (stage === "finished") return forgetKey();
  screen();
  if (!claimed) return undefined;
  if (ended()) return forgetKey();
  try {
    let key = await storedKey();
    if (stage === "key" && (!key || key.thumbprint !== thumbprint)) {
      const kept = await rememberedKey();
      key = kept?.jwk ? kept : await makeKey();
      await post("key", { jwk: key.jwk, forgotten: kept?.forgotten ?? "" });
      // Load the page again: a key that does not outlive that is of no use later.
      return window.location.reload();
    }
    if (!key || key.thumbprint !== thumbprint) return lostKey();
    if (stage === "key") document.getElementById("key-state").textContent = document.getElementById("key-state").dataset.testing;
    return await pulse(key);
  } catch {
    return lostKey();
  }
}

// Whatever the screen that was just shown needs; called again after each change of screen.
function screen() {
  const sound = document.getElementById("sound");
  if (sound) {
    sound.hidden = false;
    sound.onclick = () => {
      chime();
      document.getElementById("sound-on").textContent = document.getElementById("sound-on").dataset.on;
    };
  }
  const panel = document.getElementById("pass-panel");
  if (panel) passScreen(panel);
}

// --- the ring: heard, seen, and in the tab's title ---------------------------------------------------

function chime() {
  try {
    audio ??= new AudioContext();
    [660, 880, 660, 880].forEach((pitch, n) => {
      const tone = audio.createOscillator();
      const loud = audio.createGain();
      tone.frequency.value = pitch;
      loud.gain.value = 0.15;
      tone.connect(loud).connect(audio.destination);
      tone.start(audio.currentTime + n * 0.3);
      tone.stop(audio.currentTime + n * 0.3 + 0.22);
    });
  } catch {
    // No sound here; the page shows it all the same.
  }
}

function ring() {
  const words = room().dataset.ring;
  document.getElementById("live").textContent = words;
  navigator.vibrate?.([300, 150, 300]);
  let left = 20;
  chime();
  const beat = setInterval(() => {
    left -= 1;
    const seen = document.visibilityState === "visible" && left < 18;
    document.title = left % 2 && !seen ? `● ${words}` : words;
    if (left % 6 === 0 && !seen) chime();
    if (seen || left === 0) clearInterval(beat);
  }, 1000);
}

// Somebody began to read the case: one sound, and the title says so until the page is looked at.
function knock(words) {
  if (document.visibilityState === "visible") return;
  chime();
  document.title = `● ${words}`;
  document.addEventListener("visibilitychange", () => (document.title = title), { once: true });
}

// --- the pass ----------------------------------------------------------------------------------------

function passScreen(panel) {
  const button = document.getElementById("show-pass");
  const countdown = document.getElementById("countdown");
  const ready = Date.parse(panel.dataset.ready);
  const offset = Date.parse(room().dataset.at) - Date.now(); // the server's clock decides
  const tick = () => {
    const left = Math.ceil((ready - Date.now() - offset) / 1000);
    countdown.hidden = left <= 0;
    if (left > 0) countdown.textContent = room().dataset.soon.replace("{n}", left);
    else {
      button.disabled = false;
      clearInterval(timer);
    }
  };
  const timer = setInterval(tick, 1000);
  tick();
  button.onclick = () => showPass(button);
  if (panel.dataset.taken) showPass(button);
}

async function showPass(button) {
  button.disabled = true;
  try {
    const sealed = await post("pass", {});
    const pass = new TextDecoder().decode(await open(sealed.wire, sealed.info, await storedKey()));
    document.getElementById("pass").textContent = pass;
    spell(pass);
    document.getElementById("opened").hidden = false;
    button.closest("p").hidden = true;
    document.getElementById("pass").focus();
    document.getElementById("copy").onclick = async () => {
      await navigator.clipboard.writeText(pass);
      document.getElementById("copied").textContent = room().dataset.copied;
    };
  } catch (problem) {
    button.disabled = false;
    if (!problem.refused) document.getElementById("cannot-open").hidden = false;
    else if (problem.message !== "too_soon") await renew();
  }
}

function spell(pass) {
  const { letters, digits, signs, small, capital } = room().dataset;
  const list = document.getElementById("spelling");
  list.replaceChildren();
  for (const sign of pass) {
    const item = document.createElement("li");
    const shown = document.createElement("strong");
    shown.className = "code";
    shown.textContent = sign;
    item.append(shown, ` ${spoken(sign, letters.split(" "), digits.split(" "), signs.split("|"), small, capital)}`);
    list.append(item);
  }
}

function spoken(sign, letters, digits, signs, small, capital) {
  if (/[a-z]/.test(sign)) return small.replace("{word}", letters[sign.charCodeAt(0) - 97]);
  if (/[A-Z]/.test(sign)) return capital.replace("{word}", letters[sign.charCodeAt(0) - 65]);
  if (/[0-9]/.test(sign)) return digits[Number(sign)];
  const order = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
  return signs[order.indexOf(sign)] ?? sign;
}

begin();
