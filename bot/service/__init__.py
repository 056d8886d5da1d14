"""The shell: straight lines from an event to a transaction, and from an effect to the world."""
