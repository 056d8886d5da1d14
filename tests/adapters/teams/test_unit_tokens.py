"""Whose tokens are taken, asked of the SDK behind its two files: what the shipped settings do not show."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.teams.config import TeamsConfig
from bot.adapters.teams.inbound import Envelope, envelope
from bot.adapters.teams.sdk import NotAuthenticError, Sdk
from tests.fakes.clock import FakeClock
from tests.fakes.teams import authority

APP, TENANT = "b07b07b0-7b07-4b07-8b07-b07b07b07b07", "6e241673-f793-509c-aa60-9a7a9456f434"
URL = "https://smba.infra.gov.teams.microsoft.us/teams/"
PUBLIC, GOVERNMENT = "https://api.botframework.com", "https://api.botframework.us"


def activity() -> Envelope:
    one = envelope(
        {"type": "message", "serviceUrl": URL, "channelId": "msteams", "conversation": {"id": "a:1"}}
    )
    assert one is not None
    return one


async def taken(service: str, claims: dict[str, Any]) -> bool:
    """Whether a bot of that cloud takes a token with these claims."""
    with authority.running(APP, TENANT) as keys:
        sdk = Sdk(TeamsConfig(APP, TENANT, "https://x.example", keys.metadata, service), None, FakeClock())
        try:
            await sdk.verified(activity(), f"Bearer {keys.token(URL, claims=claims)}")
        except NotAuthenticError:
            return False
        finally:
            await sdk.close()
    return True


@pytest.mark.parametrize("ours", [PUBLIC, GOVERNMENT])
@pytest.mark.parametrize("theirs", [PUBLIC, GOVERNMENT])
async def test_only_our_own_cloud_vouches_for_people(ours: str, theirs: str) -> None:
    """Each cloud signs under its own name; another's is worth nothing here."""
    assert await taken(ours, {"iss": theirs}) is (ours == theirs)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"aud": [APP]},
        {"aud": APP.upper()},
        {"serviceurl": URL.rstrip("/")},
        {"serviceurl": None},
        {"iss": None},
    ],
    ids=str,
)
async def test_a_token_says_all_that_is_asked_of_it(claims: dict[str, Any]) -> None:
    """For us, for this address, from our cloud, and not for ever."""
    assert not await taken(PUBLIC, claims)
