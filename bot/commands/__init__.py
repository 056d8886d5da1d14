"""One module per command of the `keyturn` program; each is imported only when it is called."""
