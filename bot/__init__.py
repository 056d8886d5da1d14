"""Keyturn: the help desk in chat that lets people back into their accounts."""

__version__ = "0.1.0"
