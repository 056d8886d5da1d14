// In a pane of the demo, a sign-in comes back through one more form of our own; see callback.py.
document.querySelector("form[data-onward]").submit();
