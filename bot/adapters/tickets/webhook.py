"""Webhooks as standardwebhooks.com says: `webhook-id`, `webhook-timestamp`, `webhook-signature`.

The id is the same for life, so that a receiver knows a repeat; the timestamp is of the sending.
"""

from __future__ import annotations

import hashlib

from standardwebhooks.webhooks import Webhook as Signer

from bot.adapters.tickets.calling import Calling
from bot.ports.clock import Clock
from bot.setting_tickets import News, Webhook


class WebhookReceiver:
    """Implements `ports.tickets.Receiver`."""

    def __init__(self, settings: Webhook, clock: Clock) -> None:
        self.id = hashlib.sha256(settings.url.encode()).hexdigest()[:12]
        self._events, self._clock = frozenset(settings.events), clock
        self._url, self._calling = settings.url, Calling("a webhook", "")
        self._signers = [
            Signer(one.reveal_bytes().decode()) for one in (settings.secret, settings.previous) if one
        ]

    def wants(self, news: str) -> bool:
        return News(news) in self._events

    async def send(self, key: str, body: str) -> None:
        at = self._clock.now()
        await self._calling.send(
            "POST",
            self._url,
            content=body.encode(),
            headers={
                "Content-Type": "application/json",
                "User-Agent": "Keyturn",
                "webhook-id": key,
                "webhook-timestamp": str(int(at.timestamp())),
                "webhook-signature": " ".join(one.sign(key, at, body) for one in self._signers),
            },
        )

    async def aclose(self) -> None:
        await self._calling.aclose()
