"""Slack: the real Bolt at the door, Block Kit on the way out."""
