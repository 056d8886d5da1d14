"""The demo's levers in the sandbox, over loopback HTTP."""
