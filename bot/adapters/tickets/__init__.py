"""Ticket systems and webhooks, over their REST APIs."""
