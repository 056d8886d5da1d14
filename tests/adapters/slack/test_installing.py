"""Installing by link: the real OAuth flow of Bolt through the whole product, against a strict Slack."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import pytest_asyncio

from bot.adapters.slack.config import Home
from bot.adapters.slack.installations import Installations, Installed, UnwelcomeError
from bot.adapters.slack.manifest import SCOPES
from bot.adapters.slack.workspaces import Clients
from bot.commands.check_slack import lines
from bot.core.records import Installation, Job
from bot.errors import PermanentError
from bot.service.keys import Keys
from tests.fakes.sandbox import Sandbox
from tests.fakes.slack.delivery import Delivered
from tests.fakes.slack.house import AGENTS, SlackHouse, house
from tests.fakes.slack.server import FakeSlack
from tests.fakes.slack.workspace import BOT_USER, FOREIGN, HOME, NEIGHBOUR, Team
from tests.fakes.stores import Stores, quick_folder

ORG = "E0ORG"


def by_link(slack: FakeSlack, *, enterprise: str = "") -> str:
    """The group `slack` without any token."""
    return (
        "slack:\n  mode: http\n  signing_secret: '${file:slack.signing_secret}'\n"
        f"  client_id: '{slack.app.client_id}'\n  client_secret: '${{file:slack.client_secret}}'\n"
        f"  team_id: {HOME}\n  agent_channel: {AGENTS}\n  base_url: {slack.base_url}\n"
        + (f"  enterprise_id: {enterprise}\n" if enterprise else "")
    )


@dataclass
class Browser:
    """An administrator's browser, as far as this flow needs one."""

    at: SlackHouse
    http: aiohttp.ClientSession
    cookie: str = ""
    language: str = "en"

    async def get(self, url: str) -> tuple[int, str, str]:
        """Status, Location, text. Redirects are followed by hand."""
        headers = {"Accept-Language": self.language}
        if self.cookie:
            headers["Cookie"] = self.cookie
        async with self.http.get(url, headers=headers, allow_redirects=False) as answer:
            for given in answer.headers.getall("Set-Cookie", []):
                if given.startswith("__Host-slack-install="):
                    self.cookie = "" if "=deleted" in given else given.partition(";")[0]
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    async def to_slack(self) -> str:
        """Open the link; where it leads at Slack."""
        status, there, _ = await self.get(f"http://127.0.0.1:{self.at.port}/slack/install")
        assert status == 302
        return there

    async def back(self, there: str, **agreed: str) -> str:
        """Agree at Slack; where that leads back to."""
        more = "".join(f"&{name}={value}" for name, value in agreed.items())
        status, back, _ = await self.get(f"{there}{more}")
        assert status == 302
        return back

    async def installs(self, **agreed: str) -> tuple[int, str]:
        status, _, text = await self.get(await self.back(await self.to_slack(), **agreed))
        return status, text


@pytest_asyncio.fixture
async def uninstalled(sandbox: Sandbox, stores: Stores) -> AsyncIterator[SlackHouse]:
    """The product before anybody installed the app: no token exists at Slack."""
    with quick_folder() as folder:
        (folder / "slack.client_secret").write_text("fake-client-secret")
        async with house(sandbox, folder, template=stores.template, group=by_link) as made:
            made.slack.world.grants.clear()
            yield made


@pytest_asyncio.fixture
async def organisation(sandbox: Sandbox, stores: Stores) -> AsyncIterator[SlackHouse]:
    """The same for an organisation of two workspaces."""

    def group(slack: FakeSlack) -> str:
        return by_link(slack, enterprise=ORG)

    with quick_folder() as folder:
        (folder / "slack.client_secret").write_text("fake-client-secret")
        async with house(sandbox, folder, template=stores.template, group=group) as made:
            made.slack.world.grants.clear()
            made.slack.world.teams[HOME].enterprise_id = ORG
            made.slack.world.teams[NEIGHBOUR] = Team(NEIGHBOUR, "Contoso Sites", enterprise_id=ORG)
            yield made


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as made:
        yield made


@pytest.fixture
def admin(uninstalled: SlackHouse, http: aiohttp.ClientSession) -> Browser:
    return Browser(uninstalled, http)


async def test_two_clicks_install_the_app_and_it_answers(admin: Browser) -> None:
    """Link, consent, done: the next message is answered with the token that was just kept."""
    status, text = await admin.installs()
    assert (status, "Contoso" in text) == (200, True)
    assert admin.cookie == ""
    ada = admin.at.user()
    assert (await ada.writes("I got a new phone")).status == 200
    await admin.at.settle()
    assert "New phone" in ada.read()[-1]
    assert {call.outcome for call in admin.at.slack.calls()} == {"ok"}


async def test_slack_is_asked_for_the_scopes_of_the_manifest_and_no_others(admin: Browser) -> None:
    """What is consented to is what `keyturn manifest slack` explains."""
    there = urlsplit(await admin.to_slack())
    asked = parse_qs(there.query)
    assert set(asked["scope"][0].split(",")) == set(SCOPES)
    assert "user_scope" not in asked
    assert asked["redirect_uri"] == [f"http://127.0.0.1:{admin.at.port}/slack/oauth_redirect"]
    assert f"{there.scheme}://{there.netloc}" == admin.at.slack.origin


async def test_tokens_are_nowhere_in_clear(admin: Browser, caplog: pytest.LogCaptureFixture) -> None:
    """Not in the database, not in a log, not on a page: only Slack and our memory know them."""
    caplog.set_level(logging.DEBUG)
    _, page = await admin.installs()
    await admin.at.user().writes("I got a new phone")
    await admin.at.settle()
    (token,) = [grant.token for grant in admin.at.slack.world.grants.values()]
    stored = b"".join(path.read_bytes() for path in Path(admin.at.folder).glob("keyturn.db*"))
    assert b"T0HOME" in stored
    for secret in (token, admin.at.slack.app.client_secret):
        assert secret.encode() not in stored
        assert secret not in caplog.text
        assert secret not in page
    assert "code=" not in caplog.text
    (row,) = await admin.at.rows(Installation)
    assert token not in repr(row)


async def test_a_page_that_comes_back_twice_is_refused(admin: Browser) -> None:
    """The state is good once: a reload, or a copied address, installs nothing."""
    back = await admin.back(await admin.to_slack())
    cookie = admin.cookie
    assert (await admin.get(back))[0] == 200
    admin.cookie = cookie
    status, _, text = await admin.get(back)
    assert (status, "start again" in text) == (401, True)


async def test_a_page_that_comes_back_too_late_is_refused(admin: Browser) -> None:
    """Ten minutes, as the cookie says."""
    back = await admin.back(await admin.to_slack())
    admin.at.sandbox.clock.go(minutes=10)
    status, _, text = await admin.get(back)
    assert (status, "start again" in text) == (401, True)
    assert await admin.at.rows(Installation) == []


@pytest.mark.parametrize("cookie", ["", "__Host-slack-install=x"])
async def test_another_browser_cannot_finish_it(admin: Browser, cookie: str) -> None:
    """Nobody is made to install what somebody else began (login CSRF)."""
    back = await admin.back(await admin.to_slack())
    admin.cookie = cookie
    status, _, text = await admin.get(back)
    assert (status, "start again" in text) == (400, True)
    assert admin.at.slack.calls("oauth.v2.access") == []


async def test_a_state_that_was_not_issued_here_is_refused(admin: Browser) -> None:
    """Also when the browser says so in its cookie."""
    back = await admin.back(await admin.to_slack())
    forged = back.replace(parse_qs(urlsplit(back).query)["state"][0], "A" * 100)
    admin.cookie = "__Host-slack-install=" + "A" * 100
    assert (await admin.get(forged))[0] == 401
    assert admin.at.slack.calls("oauth.v2.access") == []


async def test_another_company_cannot_install_it_and_its_token_is_given_back(admin: Browser) -> None:
    """Whoever finds the link is not at home; nothing of theirs is kept, here or at Slack."""
    status, text = await admin.installs(team=FOREIGN)
    assert (status, "another workspace" in text) == (403, True)
    assert await admin.at.rows(Installation) == []
    (grant,) = admin.at.slack.world.grants.values()
    assert grant.dead


async def test_a_token_that_rotates_is_refused_in_words(admin: Browser) -> None:
    """It would stop working in the first night, and nobody can switch that off."""
    admin.at.slack.app.rotates = True
    status, text = await admin.installs()
    assert (status, "token rotation" in text) == (403, True)
    assert await admin.at.rows(Installation) == []
    assert all(grant.dead for grant in admin.at.slack.world.grants.values())


async def test_saying_no_changes_nothing_and_is_answered_in_the_own_language(admin: Browser) -> None:
    """Slack comes back with an error and no code."""
    admin.language = "fr, de-DE;q=0.9, en;q=0.8"
    await admin.to_slack()
    status, _, text = await admin.get(
        f"http://127.0.0.1:{admin.at.port}/slack/oauth_redirect?error=access_denied&state=x"
    )
    assert (status, "Nichts wurde geändert" in text) == (200, True)


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x", "?code=x&code=y&state=", f"?code={'x' * 3000}"])
async def test_an_address_that_nobody_was_sent_to_is_refused(admin: Browser, query: str) -> None:
    """And no text of it is shown."""
    status, _, text = await admin.get(f"http://127.0.0.1:{admin.at.port}/slack/oauth_redirect{query}")
    assert status in {400, 401}
    assert "xxx" not in text


async def test_an_error_of_anybody_s_making_is_not_shown(admin: Browser) -> None:
    """What stands in an address may come from anybody."""
    address = f"http://127.0.0.1:{admin.at.port}/slack/oauth_redirect?error=<script>Call%20555"
    _, _, text = await admin.get(address)
    assert "script" not in text
    assert "555" not in text


async def test_a_slack_that_is_away_is_said_so(admin: Browser) -> None:
    """Nothing is kept, and the link can be opened again."""
    back = await admin.back(await admin.to_slack())
    admin.at.slack.faults.status("oauth.v2.access", 503)
    status, _, text = await admin.get(back)
    assert status in {401, 503}
    assert "did not work" in text
    assert await admin.at.rows(Installation) == []


async def test_a_connection_that_breaks_is_said_so(admin: Browser) -> None:
    """Whether Slack used the code up is not known; a new link is."""
    back = await admin.back(await admin.to_slack())
    admin.at.slack.faults.drop_after("oauth.v2.access")
    status, _, text = await admin.get(back)
    assert (status, "did not work" in text) == (503, True)
    assert await admin.at.rows(Installation) == []
    assert (await admin.installs())[0] == 200


async def test_the_workspace_s_name_is_literal_text(admin: Browser) -> None:
    """Workspaces are named by people."""
    admin.at.slack.world.teams[HOME].name = "<b>Contoso</b>"
    _, text = await admin.installs()
    assert "&lt;b&gt;Contoso" in text


async def test_installing_again_replaces_the_token_at_once(admin: Browser) -> None:
    """As after a change of scopes: the old token may be dead already."""
    await admin.installs()
    await admin.at.user().writes("hello")
    await admin.at.settle()
    (old,) = admin.at.slack.world.grants.values()
    await admin.installs()
    old.dead = "token_revoked"
    await admin.at.user().writes("I got a new phone")
    await admin.at.settle()
    assert "New phone" in admin.at.user().read()[-1]
    assert len(await admin.at.rows(Installation)) == 1


@pytest.mark.parametrize(
    "event", [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": [BOT_USER]}}]
)
async def test_an_app_that_was_removed_is_forgotten(admin: Browser, event: dict[str, object]) -> None:
    """Its token is deleted, security hears of it, and it can be installed again."""
    await admin.installs()
    slack = admin.at.slack
    assert (await slack.delivery.send("event", slack.delivery.event(event, team=HOME))).ok
    assert await admin.at.rows(Installation) == []
    told = [job.body["what"] for job in await admin.at.rows(Job, kind="alert")]
    assert "slack_installed" in told
    assert {"slack_uninstalled", "slack_token_revoked"} & set(told)
    await admin.installs()
    await admin.at.user().writes("I got a new phone")
    await admin.at.settle()
    assert "New phone" in admin.at.user().read()[-1]


async def test_an_old_farewell_does_not_undo_a_new_installation(admin: Browser) -> None:
    """It was recorded and sent again, or comes late: what was installed since stays."""
    await admin.installs()
    slack = admin.at.slack
    gone = slack.delivery.event({"type": "app_uninstalled"}, team=HOME)
    await slack.delivery.send("event", gone)
    admin.at.sandbox.clock.go(minutes=2)
    await admin.installs()
    assert (await slack.delivery.send("event", gone)).ok
    assert len(await admin.at.rows(Installation)) == 1


async def test_an_organisation_installs_once_for_all_its_workspaces(
    organisation: SlackHouse, http: aiohttp.ClientSession
) -> None:
    """One row, one token, and people of every workspace are answered."""
    status, _ = await Browser(organisation, http).installs(org="1")
    assert status == 200
    (row,) = await organisation.rows(Installation)
    assert (row.enterprise, row.team) == (ORG, "")
    for who in (
        organisation.user("employee", team=HOME),
        organisation.user("deputy", team=NEIGHBOUR),
    ):
        await who.writes("I got a new phone")
        await organisation.settle()
        assert "New phone" in who.read()[-1]


async def test_with_an_organisation_s_token_everything_works_that_names_no_workspace(
    organisation: SlackHouse, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is pressed then has no team; and nothing is called that would want `team_id` of such a token."""
    await Browser(organisation, http).installs(org="1")
    ada = organisation.user("employee")
    as_ever = ada.interacts

    async def of_the_whole(payload: dict[str, Any], *, view: str = "") -> Delivered:
        return await as_ever({**payload, "team": None, "is_enterprise_install": True}, view=view)

    monkeypatch.setattr(ada, "interacts", of_the_whole)
    await ada.writes("I got a new phone")
    await organisation.settle()
    before = len(ada.read())
    assert (await ada.presses("New phone")).ok
    await organisation.settle()
    assert len(ada.read()) > before
    assert (await ada.opens_home()).ok
    assert (await ada.commands("/keyturn", "new phone")).ok
    await organisation.settle()
    called = {call.method for call in organisation.slack.calls()}
    assert "views.publish" in called
    assert not [
        name for name in called if name.endswith(".list") or name.startswith(("usergroups.", "team."))
    ]
    assert {call.outcome for call in organisation.slack.calls()} == {"ok"}


async def test_leaving_one_workspace_leaves_the_organisation_installed(
    organisation: SlackHouse, http: aiohttp.ClientSession
) -> None:
    """The token of the whole organisation goes only when Slack says that it is dead."""
    await Browser(organisation, http).installs(org="1")
    slack = organisation.slack
    gone = slack.delivery.event({"type": "app_uninstalled"}, team=NEIGHBOUR)
    await slack.delivery.send("event", gone)
    assert len(await organisation.rows(Installation)) == 1
    (grant,) = slack.world.grants.values()
    grant.dead = "token_revoked"
    await slack.delivery.send("event", slack.delivery.event({"type": "app_uninstalled"}, team=HOME))
    assert await organisation.rows(Installation) == []


async def test_a_doubtful_farewell_keeps_the_organisation_s_token(
    organisation: SlackHouse, http: aiohttp.ClientSession
) -> None:
    """While Slack cannot be asked whether the token is dead, it is not thrown away."""
    await Browser(organisation, http).installs(org="1")
    slack = organisation.slack
    slack.faults.status("auth.test", 503)
    await slack.delivery.send("event", slack.delivery.event({"type": "app_uninstalled"}, team=HOME))
    assert len(await organisation.rows(Installation)) == 1


async def test_whoever_comes_from_elsewhere_meets_our_bot(admin: Browser) -> None:
    """In a channel that is shared with another company their people bring their own workspace; they are
    turned away by name, with the only token there is."""
    await admin.installs()
    clients = Clients(admin.at.slack.base_url)
    kept = Installations(admin.at.store, admin.at.product.keys, admin.at.sandbox.clock, clients, Home(HOME))
    assert (await Installed(kept, clients).bot(FOREIGN)).team_id == HOME
    await clients.close()


async def test_a_single_workspace_does_not_take_a_whole_organisation_in(admin: Browser) -> None:
    """Home is what the settings name; an organisation around it is not."""
    admin.at.slack.world.teams[HOME].enterprise_id = ORG
    status, _ = await admin.installs(org="1")
    assert status == 403
    assert await admin.at.rows(Installation) == []


async def test_a_row_that_was_copied_or_altered_opens_nothing(
    admin: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """Who can write the database cannot put one workspace's token in another's place."""
    await admin.installs()
    (row,) = await admin.at.rows(Installation)
    keys = Keys(b"k" * 32, b"p" * 32)
    clients = Clients(admin.at.slack.base_url)
    kept = Installations(admin.at.store, keys, admin.at.sandbox.clock, clients, Home(HOME))
    assert kept.opened(row) is None  # another server key
    real = Installations(admin.at.store, admin.at.product.keys, admin.at.sandbox.clock, clients, Home(HOME))
    held = real.opened(row)
    assert held is not None
    assert held.token not in repr(held)
    other = Installation("slack::T0ELSE", row.channel, "", FOREIGN, row.sealed, row.at)
    assert real.opened(other) is None
    await clients.close()


async def test_bolt_finds_and_deletes_what_it_saved(admin: Browser) -> None:
    """The store keeps the promises of Bolt's interface: found as saved, gone when deleted, no user tokens."""
    clients = Clients(admin.at.slack.base_url)
    kept = Installations(admin.at.store, admin.at.product.keys, admin.at.sandbox.clock, clients, Home(HOME))
    assert await kept.async_find_bot(enterprise_id=None, team_id=HOME) is None
    await admin.installs()
    bot = await kept.async_find_bot(enterprise_id=None, team_id=HOME)
    whole = await kept.async_find_installation(enterprise_id=None, team_id=HOME, user_id="U0ADA")
    assert bot is not None
    assert whole is not None
    assert bot.bot_token == whole.bot_token == next(iter(admin.at.slack.world.grants))
    assert (bot.bot_user_id, bot.team_id, whole.user_token) == (BOT_USER, HOME, None)
    assert set(bot.bot_scopes) == set(admin.at.slack.app.scopes)
    with pytest.raises(UnwelcomeError):
        await kept.async_save_bot(bot)
    await kept.async_delete_installation(enterprise_id=None, team_id=HOME, user_id="U0ADA")
    assert await kept.async_find_bot(enterprise_id=None, team_id=HOME) is not None
    await kept.async_delete_bot(enterprise_id=None, team_id=HOME)
    assert await kept.async_find_bot(enterprise_id=None, team_id=HOME) is None
    await clients.close()


async def test_two_copies_of_a_page_that_come_back_at_once_install_once(admin: Browser) -> None:
    """A double click, or two replicas: the state is used up by one of them."""
    back = await admin.back(await admin.to_slack())
    twin = Browser(admin.at, admin.http, admin.cookie)
    statuses = sorted([one[0] for one in await asyncio.gather(admin.get(back), twin.get(back))])
    assert statuses == [200, 401]
    assert len(admin.at.slack.calls("oauth.v2.access")) == 1


async def test_the_check_finds_the_token_that_was_kept(admin: Browser) -> None:
    """In the store, by the settings alone, as `keyturn check` beside the running product does."""

    async def said() -> dict[str, str]:
        found = lines(admin.at.product.settings, {}, admin.at.sandbox.clock)
        return {line.what: line.level async for line in found}

    assert (await said())["slack token"] == "red"
    admin.at.slack.world.conversations[AGENTS].kind = "group"
    await admin.installs()
    found = await said()
    assert found["slack token"] == found["slack agents' channel"] == "green"


async def test_every_replica_sees_an_installation_at_once(admin: Browser) -> None:
    """Nothing lives in a process: another one finds it, and finds it gone."""
    clients = Clients(admin.at.slack.base_url)
    clock = admin.at.sandbox.clock
    kept = Installations(admin.at.store, admin.at.product.keys, clock, clients, Home(HOME))
    other = Installed(kept, clients)
    with pytest.raises(PermanentError) as caught:
        await other.bot(HOME)
    assert caught.value.reason == "not_installed"
    await admin.installs()
    assert (await other.bot(HOME)).user_id == BOT_USER
    clock.go(seconds=60)
    await admin.installs()
    (_, second) = [grant.token for grant in admin.at.slack.world.grants.values()]
    assert (await other.bot(HOME)).client.token == second
    await other.forget(HOME)
    with pytest.raises(PermanentError):
        await other.bot(HOME)
    await clients.close()
