"""The web: pages, the web chat, and the demo around them."""
