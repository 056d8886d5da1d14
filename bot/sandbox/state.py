"""Everything one sandbox holds, wired once in `app.build` and reached through the application."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from bot.sandbox.company import TENANT
from bot.sandbox.directory import Account, Clock, Directory
from bot.sandbox.faults import Faults
from bot.sandbox.journal import Journal
from bot.sandbox.methods import Methods
from bot.sandbox.storage import Storage
from bot.sandbox.switches import Switches
from bot.sandbox.tokens import App, Keys


@dataclass(slots=True)
class State:
    """One tenant. *port* is known once the server listens."""

    storage: Storage
    clock: Clock
    directory: Directory
    methods: Methods
    journal: Journal
    switches: Switches
    faults: Faults
    keys: Keys
    apps: dict[str, App]
    port: int = 0

    @property
    def authority(self) -> str:
        return f"http://localhost:{self.port}/{TENANT}"

    @property
    def issuer(self) -> str:
        return f"{self.authority}/v2.0"

    def app_named(self, name: str) -> App:
        return next(app for app in self.apps.values() if app.name == name)

    def start_over(self, person: str = "") -> None:
        """One person, or everybody with the switches and faults, as on the first day.

        The ledger stays: it judges. The printed codes stay: only who made them can make new ones."""
        people = [person] if person else [who.id for who in self.directory.all()]
        with self.storage.together():
            for one in people:
                self.directory.reset(one)
                self.methods.reset(one)
                self.journal.reset(one)
            if not person:
                self.storage.run("DELETE FROM switches")
        if not person:
            self.faults.clear()

    def pass_allowed(self, who: Account) -> bool:
        """Whether the Temporary Access Pass policy covers this account."""
        groups = {group.key for group in who.groups()}
        include, exclude = self.switches["pass_include"], self.switches["pass_exclude"]
        return bool(self.switches["pass_enabled"]) and (
            (include == "all_users" or include in groups) and exclude not in groups
        )


STATE = web.AppKey("state", State)
