"""Translators to the outside; each knows ports and core, none knows another."""
