"""The whole journey over HTTP: a script with nothing but an address, and what kills it survives."""
