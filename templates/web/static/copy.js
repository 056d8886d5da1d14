// Buttons that copy a field's text; without this script they are not there, and the text can be marked.

document.querySelectorAll("[data-copy]").forEach((button) => {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      document.getElementById(`${field.id}-said`).textContent = button.dataset.copied;
    } catch {
      // No leave to: the text is marked, and the keyboard or a long press copies it.
    }
  });
});
