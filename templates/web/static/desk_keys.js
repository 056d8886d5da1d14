// Single keys of the desk's pages. A key presses (or, with data-hotkey-focus, only moves to) the control
// that carries it, in the case one is on, else the first on the page. They do nothing while somebody
// types, never with Ctrl, Alt or Meta, and can be switched off (WCAG 2.1.4); the switch is remembered in
// this browser.

const KEPT = "keyturn-desk-keys";
const help = document.getElementById("keys");
const box = document.getElementById("keys-on");

const remembered = () => {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
};

if (help) {
  help.hidden = false;
  box.checked = remembered();
  document.body.classList.toggle("keys-off", !box.checked);
  box.addEventListener("change", () => {
    document.body.classList.toggle("keys-off", !box.checked);
    try {
      localStorage.setItem(KEPT, box.checked ? "on" : "off");
    } catch {
      // a browser that keeps nothing: it holds for this page
    }
  });
}

const on = () => (box ? box.checked : remembered());
const typing = (element) =>
  element?.isContentEditable ||
  /^(SELECT|TEXTAREA)$/.test(element?.tagName) ||
  (element?.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(element.type));
const usable = (element) => !element.disabled && element.offsetParent !== null;

function control(key) {
  const all = (root) => [...root.querySelectorAll(`[data-hotkey="${key}"]`)].filter(usable);
  const here = document.activeElement?.closest(".case");
  return (here && all(here)[0]) ?? (here ? undefined : all(document)[0]) ?? all(document).find((one) => !one.closest(".case"));
}

function move(by) {
  const cases = [...document.querySelectorAll(".case")];
  if (!cases.length) return;
  const at = cases.indexOf(document.activeElement?.closest(".case"));
  const next = at < 0 ? (by > 0 ? 0 : cases.length - 1) : Math.min(Math.max(at + by, 0), cases.length - 1);
  cases[next].focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
  if (!on() || typing(event.target)) return;
  if (event.key === "?" && help) {
    help.open = !help.open;
    help.querySelector("summary").focus();
  } else if (event.key === "j" || event.key === "k") {
    move(event.key === "j" ? 1 : -1);
  } else if (event.key === "Enter" && event.target.matches(".case")) {
    control("o")?.click();
  } else if (/^[a-z]$/.test(event.key) && control(event.key)) {
    const found = control(event.key);
    if ("hotkeyFocus" in found.dataset) found.focus();
    else found.click();
  } else return;
  event.preventDefault();
});
