"""The pure heart: no clock, no randomness, no I/O, no import from outside `bot.core`."""
