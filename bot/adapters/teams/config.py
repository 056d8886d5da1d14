"""What the adapter needs to know of an installation."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.core.model import Place
from bot.setting_values import is_loopback

CHANNEL = "teams"
"""The `channel` of our places; Microsoft's own id for it is `msteams`."""


@dataclass(frozen=True, slots=True)
class TeamsConfig:
    """*app_id* is empty only where nobody is authenticated: a test on this machine, which has to be
    asked for with *no_auth*. *service* is the Bot Framework of our cloud, and the name under which it
    signs. *agents* is the id of the agents' channel, *locales* those offered."""

    app_id: str
    tenant_id: str
    public_url: str
    metadata: str
    service: str = "https://api.botframework.com"
    agents: str = ""
    locales: tuple[str, ...] = ("en",)
    no_auth: bool = False

    def __post_init__(self) -> None:
        if bool(self.app_id) == self.no_auth:
            raise ValueError("an app id, or no authentication on purpose")
        if self.no_auth and not is_loopback(urlsplit(self.public_url).hostname or ""):
            raise ValueError("without authentication only this machine may reach us")

    def place(self, oid: str) -> Place:
        """Somebody's own chat with the bot."""
        return Place(CHANNEL, self.tenant_id, oid)

    def locale(self, told: str) -> str:
        """One of the offered languages for what a client says, such as `de-AT`."""
        language = told.lower().partition("-")[0]
        return next((one for one in self.locales if one.lower().partition("-")[0] == language), "")
