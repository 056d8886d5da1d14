"""The doors: Protocols in our own words, one file per neighbour, with the promises written down."""
