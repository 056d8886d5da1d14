// The print button of the code sheet; without the script the browser's own menu prints it.
for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
}
