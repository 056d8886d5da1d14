"""Ticket systems and webhooks fit the ports through which cases are told of."""

from __future__ import annotations

from bot.adapters.tickets.jira import JiraTickets
from bot.adapters.tickets.servicenow import ServiceNowTickets
from bot.adapters.tickets.webhook import WebhookReceiver
from bot.ports.tickets import CaseTickets, Receiver, TicketSystem
from bot.service.ticketing import TicketNotes


def systems(now: ServiceNowTickets, jira: JiraTickets) -> tuple[TicketSystem, TicketSystem]:
    return now, jira


def receiver(it: WebhookReceiver) -> Receiver:
    return it


def notes(it: TicketNotes) -> CaseTickets:
    return it
