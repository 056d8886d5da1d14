"""The app as it was installed by link: its tokens, sealed in our store, and the bot they speak for.

Bolt's own stores keep tokens in clear. Here a row names where the app is installed, and everything else is
sealed under `secrets.server_key` for exactly that row: equal on all replicas, worthless in a backup, and
of no use when copied to another row. An organisation-wide installation is one row without a workspace.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from slack_bolt.error import BoltError
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.installation_store.models.bot import Bot as SlackBot
from slack_sdk.oauth.installation_store.models.installation import Installation as SlackInstallation

from bot.adapters.slack.config import CHANNEL, Home, silent
from bot.adapters.slack.workspaces import Bot, Clients, whose
from bot.core.records import Installation, Job
from bot.errors import PermanentError, Refused, TransientError
from bot.ports.clock import Clock
from bot.ports.sealing import Seals
from bot.ports.store import Store, UnitOfWork

log = logging.getLogger("keyturn.slack")


class UnwelcomeError(BoltError):
    """An installation that is not kept. *why* is the key of the words for whoever tried."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Held:
    """What is sealed."""

    token: str
    bot_id: str
    user_id: str
    app_id: str
    scopes: str
    installer: str

    def __repr__(self) -> str:
        return f"Held({self.app_id})"

    def dump(self) -> bytes:
        return json.dumps({name: getattr(self, name) for name in Held.__slots__}).encode()

    @classmethod
    def load(cls, data: bytes) -> Held:
        return cls(**json.loads(data))


class Installations(AsyncInstallationStore):
    """Bolt's `AsyncInstallationStore` over our store. There are no user tokens: we ask for no user scopes,
    and drop what comes all the same."""

    def __init__(self, store: Store, keys: Seals, clock: Clock, clients: Clients, home: Home) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._clients = clients
        self._home = home

    @property
    def logger(self) -> logging.Logger:
        return silent()

    async def async_save(self, installation: SlackInstallation) -> None:
        """Keep it, if it is of our home and its token lasts. Raises UnwelcomeError; a token that is not
        kept is given back."""
        token = installation.bot_token or ""
        if installation.bot_refresh_token or installation.bot_token_expires_at or token.startswith("xoxe"):
            await self._give_back(token)
            raise UnwelcomeError("rotates")
        team, enterprise = installation.team_id or "", installation.enterprise_id or ""
        if not self._home.holds(team, enterprise) or (not token):
            await self._give_back(token)
            log.warning("an installation elsewhere was refused: %s", team or enterprise or "nowhere")
            raise UnwelcomeError("elsewhere")
        team = "" if installation.is_enterprise_install else team
        held = Held(
            token,
            installation.bot_id or "",
            installation.bot_user_id or "",
            installation.app_id or "",
            ",".join(installation.bot_scopes or ()),
            installation.user_id or "",
        )
        at = self._clock.now()
        ident = _ident(enterprise, team)
        row = Installation(
            ident, CHANNEL, enterprise, team, self._keys.seal(_purpose(ident), held.dump()), at
        )
        told = {"what": "slack_installed", "case": "", "oid": ""}
        job = Job(f"{ident}/installed/{at.isoformat()}", f"alert:{ident}", "alert", told, "", at, at)

        def work(work: UnitOfWork) -> None:
            work.save(row)
            work.enqueue([job])

        await self._store.transact(work)
        log.warning("the app was installed in %s by %s", team or enterprise, held.installer)

    async def async_save_bot(self, bot: SlackBot) -> None:
        """Bolt saves a bot alone only after rotating its token, which ours never do."""
        raise UnwelcomeError("rotates")

    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> SlackBot | None:
        found = await self.find("" if is_enterprise_install else team_id or "", enterprise_id or "")
        if found is None:
            return None
        row, held = found
        return SlackBot(
            app_id=held.app_id,
            enterprise_id=row.enterprise or None,
            team_id=row.team or None,
            bot_token=held.token,
            bot_id=held.bot_id,
            bot_user_id=held.user_id,
            bot_scopes=held.scopes,
            is_enterprise_install=not row.team,
            installed_at=row.at.timestamp(),
        )

    async def async_find_installation(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> SlackInstallation | None:
        bot = await self.async_find_bot(
            enterprise_id=enterprise_id, team_id=team_id, is_enterprise_install=is_enterprise_install
        )
        if bot is None:
            return None
        return SlackInstallation(
            app_id=bot.app_id,
            enterprise_id=bot.enterprise_id,
            team_id=bot.team_id,
            bot_token=bot.bot_token,
            bot_id=bot.bot_id,
            bot_user_id=bot.bot_user_id,
            bot_scopes=bot.bot_scopes,
            user_id="",
            is_enterprise_install=bot.is_enterprise_install,
            installed_at=bot.installed_at,
        )

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        await self.async_delete_all(enterprise_id=enterprise_id, team_id=team_id)

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """A single installer has no token of their own here."""
        if user_id is None:
            await self.async_delete_all(enterprise_id=enterprise_id, team_id=team_id)

    async def async_delete_all(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        ident = _ident(enterprise_id or "", team_id or "")

        def work(work: UnitOfWork) -> None:
            if team_id and not enterprise_id:  # a workspace is one row, whether its organisation was said
                for row in work.find(Installation, team=team_id):
                    work.remove(Installation, row.id)
            else:
                work.remove(Installation, ident)

        await self._store.transact(work)

    async def rows(self) -> list[Installation]:
        return await self._store.read(lambda work: work.find(Installation, channel=CHANNEL, order="-at"))

    async def find(self, team_id: str, enterprise_id: str) -> tuple[Installation, Held] | None:
        """That of a workspace, else that of its whole organisation. One that cannot be opened (it was
        sealed under another key, or altered) is as good as none."""
        rows = await self.rows()
        ids = {team_id, enterprise_id} - {""}
        fits = [row for row in rows if row.team and row.team in ids]
        fits += [row for row in rows if not row.team and row.enterprise in ids]
        for row in fits:
            if held := self.opened(row):
                return row, held
        return None

    def opened(self, row: Installation) -> Held | None:
        try:
            return Held.load(self._keys.unseal(_purpose(row.id), row.sealed))
        except (Refused, ValueError, TypeError):
            log.error("the installation in %s cannot be opened: install again", row.team or row.enterprise)
            return None

    async def _give_back(self, token: str) -> None:
        """A token we shall not use is not left lying at Slack either."""
        if not token:
            return
        try:
            await self._clients.client(token).auth_revoke()
        except Exception as err:  # noqa: BLE001 - the refusal stands whatever Slack says to this
            log.warning("a refused token could not be revoked: %s", type(err).__name__)


class Installed:
    """Implements `Workspaces` for tokens that came from installing. Every replica sees an installation at
    once, since the store is asked; only opened bots are remembered. A token of a whole organisation would
    have to name a workspace (`team_id`) for lists of people, groups and channels, which we never ask for."""

    def __init__(self, installations: Installations, clients: Clients) -> None:
        self._installations = installations
        self._clients = clients
        self._bots: dict[tuple[str, datetime], Bot] = {}

    async def bot(self, team_id: str, enterprise_id: str = "") -> Bot:
        found = await self._installations.find(team_id, enterprise_id)
        if found is None:
            for row in await self._installations.rows():
                if held := self._installations.opened(row):
                    found = row, held
                    break
        if found is None:
            raise PermanentError("the app is not installed: open /slack/install", reason="not_installed")
        row, held = found
        key = (row.id, row.at.astimezone(UTC))
        if key not in self._bots:
            self._bots = {known: bot for known, bot in self._bots.items() if known[0] != row.id}
            client = self._clients.client(held.token)
            self._bots[key] = Bot(client, held.user_id, held.bot_id, row.team, row.enterprise)
        return self._bots[key]

    async def forget(self, team_id: str, enterprise_id: str = "", at: int = 0) -> None:
        """Deletes the installation there, unless it was made since *at*. One of the whole organisation is
        deleted only when Slack says that its token is dead: the app may have left a single workspace."""
        own = [row for row in await self._installations.rows() if team_id and row.team == team_id]
        if own and not any(_since(row, at) for row in own):
            await self._installations.async_delete_all(enterprise_id=None, team_id=team_id)
        found = await self._installations.find("", enterprise_id) if enterprise_id else None
        if found is None or _since(found[0], at):
            return
        row, held = found
        if team_id and await self._alive(held):
            return
        await self._installations.async_delete_all(enterprise_id=row.enterprise, team_id=None)

    async def _alive(self, held: Held) -> bool:
        try:
            await whose(self._clients.client(held.token), Home())
        except TransientError:
            return True  # nobody said it is dead
        except PermanentError as err:
            return err.reason == "home"  # a living token, whosever it is
        return True


def _since(row: Installation, at: int) -> bool:
    """Whether it was made in a later second than *at*, where that is known."""
    return at > 0 and row.at.timestamp() >= at + 1


def _ident(enterprise: str, team: str) -> str:
    return f"{CHANNEL}:{enterprise}:{team}"


def _purpose(ident: str) -> str:
    return f"installation/{ident}"
