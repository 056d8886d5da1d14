"""Reading what arrived: anything may come in, and nothing of it is an error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.teams.inbound import (
    Added,
    Executed,
    Filled,
    Nothing,
    Pressed,
    Refreshed,
    Removed,
    Said,
    UnknownInvoke,
    envelope,
    heard,
    said,
)

BOT = {"id": "28:bot", "name": "Keyturn"}


def activity(**more: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "id": "1",
        "channelId": "msteams",
        "serviceUrl": "https://smba.example/emea/",
        "from": {"id": "29:a", "aadObjectId": "AAAA", "name": "Ann"},
        "recipient": BOT,
        "conversation": {"id": "a:1", "conversationType": "personal", "tenantId": "T"},
        "channelData": {"tenant": {"id": "T"}},
    } | more


def of(**more: Any) -> Any:
    one = envelope(activity(**more))
    assert one is not None
    return heard(one)


def text(words: str, *mentions: str, **more: Any) -> str:
    entities = [{"type": "mention", "mentioned": BOT, "text": one} for one in mentions]
    one = envelope(activity(text=words, entities=entities, **more))
    assert one is not None
    return said(one)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [*activity(), "value", "name", "action", "data", "_c", "_n", "_r", "f_x", "verb", "text"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(_JSON, st.sampled_from(["message", "invoke", "conversationUpdate", "installationUpdate", "x"]), _JSON)
def test_anything_can_be_read(body: Any, kind: str, value: Any) -> None:
    """Whoever is signed in at a client can send what they like; a fault of ours would be sent again."""
    envelope(body)
    names = ["adaptiveCard/action", "task/fetch", "task/submit", value]
    for name in names:
        one = envelope({**activity(type=kind, name=name, value=value, text=value, entities=value)})
        assert one is not None
        heard(one)
        said(one)


@pytest.mark.parametrize("lacking", ["type", "serviceUrl", "conversation"])
def test_what_could_not_be_answered_is_no_activity(lacking: str) -> None:
    """Without an address there is nobody to answer, and no address to have been verified."""
    body = activity()
    del body[lacking]
    assert envelope(body) is None


def test_ids_of_people_are_compared_in_one_spelling() -> None:
    """Entra writes them small, some clients do not."""
    one = envelope(activity())
    assert one is not None
    assert one.oid == "aaaa"
    assert one.tenants == {"t"}


def test_two_tenants_in_one_activity_are_two() -> None:
    """A guest's home and the place they are in: neither is taken for the other."""
    one = envelope(activity(channelData={"tenant": {"id": "OTHER"}}))
    assert one is not None
    assert one.tenants == {"t", "other"}


def test_only_the_mention_itself_is_taken_away() -> None:
    """“Keyturn is down” is what somebody wants to say."""
    assert text("<at>Keyturn</at> Keyturn is down", "<at>Keyturn</at>") == "Keyturn is down"
    assert (
        text("ask <at>Keyturn</at> about <at>Keyturn</at>", "<at>Keyturn</at>")
        == "ask  about <at>Keyturn</at>"
    )


def test_a_mention_of_somebody_else_stays() -> None:
    """It is part of the sentence."""
    other = [{"type": "mention", "mentioned": {"id": "29:b"}, "text": "<at>Ben</at>"}]
    one = envelope(activity(text="<at>Ben</at> helped me", entities=other))
    assert one is not None
    assert said(one) == "<at>Ben</at> helped me"


def test_entities_are_read_only_where_teams_writes_them() -> None:
    """`xml` is escaped by Teams; plain text that looks so is what somebody typed."""
    assert text("a &amp; b", textFormat="xml") == "a & b"
    assert text("a &amp; b", textFormat="plain") == "a &amp; b"
    assert text("new\xa0phone") == "new phone"


def test_an_automatic_refresh_is_never_a_press() -> None:
    """Whatever its data says: nobody pressed anything."""
    action = {"type": "Action.Execute", "verb": "choose", "data": {"_c": "s:1:x:1:gone", "_n": "n"}}
    press = {"name": "adaptiveCard/action", "type": "invoke"}
    assert of(**press, value={"action": action, "trigger": "automatic"}) == Refreshed()
    assert isinstance(of(**press, value={"action": action, "trigger": "manual"}), Executed)
    assert isinstance(of(**press, value={"action": action}), Executed)
    assert of(**press, value={"action": {**action, "verb": "refresh"}}) == Refreshed()


@pytest.mark.parametrize(
    ("where", "personal"),
    [
        ({"id": "a:1"}, True),
        ({"id": "a:1", "isGroup": True}, False),
        ({"id": "19:x@thread.tacv2"}, False),
        ({"id": "19:x@thread.tacv2;messageid=1"}, False),
        ({"id": "a:1", "conversationType": "meeting"}, False),
    ],
)
def test_a_chat_of_unknown_kind_is_private_only_if_it_can_be_no_other(
    where: dict[str, Any], personal: bool
) -> None:
    """Where somebody may read along, nothing is taken and nothing is answered as if in private."""
    one = envelope(activity(conversation={"tenantId": "T", **where}))
    assert one is not None
    assert one.personal is personal


def test_inputs_arrive_as_text_whatever_the_client_made_of_them() -> None:
    """Numbers and truth values come as such from some clients; lists from none of ours."""
    data = {"_c": "menu", "_n": "n", "f_a": 7, "f_b": True, "f_c": "x", "f_d": ["x"], "other": "x"}
    press = of(value=data, replyToId="9")
    assert press == Pressed("menu", "n", {"a": "7", "b": "true", "c": "x", "d": ""}, "9")


def test_a_form_remembers_the_message_it_came_from() -> None:
    """Teams names no message when a form is sent; ours is in the button, and only chooses among the
    person's own messages."""
    value = {"data": {"_c": "menu", "_n": "n", "_r": "42"}}
    filled = of(type="invoke", name="task/submit", value=value)
    assert isinstance(filled, Filled)
    assert filled.press.ref == "42"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"type": "installationUpdate", "action": "add"}, Added()),
        ({"type": "installationUpdate", "action": "add-upgrade"}, Added()),
        ({"type": "installationUpdate", "action": "remove"}, Removed()),
        ({"type": "installationUpdate", "action": "remove-upgrade"}, Nothing()),
        ({"type": "installationUpdate"}, Nothing()),
        ({"type": "conversationUpdate", "membersAdded": [BOT]}, Added()),
        ({"type": "conversationUpdate", "membersAdded": [{"id": "29:x"}]}, Nothing()),
        ({"type": "messageUpdate", "text": "cancel"}, Nothing()),
        ({"type": "messageDelete"}, Nothing()),
        ({"type": "messageReaction"}, Nothing()),
        ({"type": "event", "name": "application/vnd.microsoft.readReceipt"}, Nothing()),
        ({"type": "invoke", "name": "composeExtension/query"}, UnknownInvoke()),
        ({"text": "hello"}, Said("hello")),
    ],
)
def test_what_an_activity_is(more: dict[str, Any], expected: Any) -> None:
    """Coming and going, edits and reactions, and what nobody here asked for."""
    assert of(**more) == expected


def test_nothing_of_a_body_is_in_its_repr() -> None:
    """What is printed by accident holds nobody's words."""
    one = envelope(activity(text="canary", value={"f_x": "canary"}))
    assert "canary" not in repr(one)
    assert "canary" not in repr(of(text="canary"))
    assert "canary" not in repr(of(value={"_c": "menu", "f_x": "canary"}))
    assert "canary" in json.dumps(activity(text="canary"))
