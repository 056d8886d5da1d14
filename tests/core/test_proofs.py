"""The proofs: open or closed, and why; what is told to whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.facts import Method
from bot.core.model import LiveHow, ProofKind
from bot.core.proofs import Circumstances, Door, Wanted, Why, doors
from bot.core.proofs.door import set_up
from bot.core.proofs.live_check import masked, numbers_on_record
from tests.fakes.proving import person

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
DUTY = Circumstances(desk_open=True, video=True)


def by_kind(c: Circumstances) -> dict[ProofKind, Door]:
    return {door.kind: door for door in doors(c)}


def test_every_proof_of_the_vocabulary_has_a_door() -> None:
    """Nothing is hidden: what is not set up is listed as that."""
    assert {door.kind for door in doors(DUTY)} == set(ProofKind)


def test_what_is_not_set_up_is_said_to_be_so() -> None:
    found = by_kind(DUTY)
    for kind in (ProofKind.ISSUED_CODE, ProofKind.CONTACT, ProofKind.VERIFIED_ID):
        assert (found[kind].open, found[kind].why) == (False, Why.NOT_SET_UP)


def test_before_evidence_the_list_is_the_same_for_every_name() -> None:
    """Whether somebody has codes, a manager or a rank is not told to a stranger."""
    shown = doors(DUTY)
    assert {d.kind for d in shown if d.open} == {
        ProofKind.SAVED_CODE, ProofKind.LIVE_CHECK, ProofKind.SIGN_IN,
    }  # fmt: skip
    assert all(d.why in (None, Why.NOT_SET_UP, Why.AFTER_ANOTHER) for d in shown)


def test_nobody_is_written_to_before_the_first_evidence() -> None:
    """A stranger with a chat account cannot make the bot mail somebody's manager."""
    manager = by_kind(DUTY)[ProofKind.MANAGER]
    assert (manager.open, manager.why) == (False, Why.AFTER_ANOTHER)


def test_after_evidence_the_reasons_are_told() -> None:
    told = Circumstances(
        passed=frozenset({ProofKind.LIVE_CHECK}),
        wanted=(Wanted(ProofKind.SAVED_CODE), Wanted(ProofKind.MANAGER)),
        codes="none", manager=False, desk_open=True,
    )  # fmt: skip
    found = by_kind(told)
    assert found[ProofKind.LIVE_CHECK].why is Why.PASSED
    assert found[ProofKind.SAVED_CODE].why is Why.NO_CODES
    assert found[ProofKind.MANAGER].why is Why.NO_MANAGER


@pytest.mark.parametrize(
    ("mail", "why"), [("none", Why.NO_ADDRESS), ("young", Why.YOUNG_ADDRESS), ("good", None), (None, None)]
)
def test_a_code_by_mail_is_open_where_letters_leave_and_an_address_counts(
    mail: str | None, why: Why | None
) -> None:
    """Without a mail server it is not set up; before evidence it is open to every name."""
    found = by_kind(Circumstances(mail=mail, set_up=set_up(mail=True)))[ProofKind.ISSUED_CODE]
    assert (found.open, found.why) == (why is None, why)
    assert by_kind(Circumstances(mail=mail))[ProofKind.ISSUED_CODE].why is Why.NOT_SET_UP


@pytest.mark.parametrize(
    ("codes", "why"), [("none", Why.NO_CODES), ("young", Why.YOUNG_CODES), ("good", None)]
)
def test_codes_that_cannot_help_are_closed(codes: str, why: Why | None) -> None:
    found = by_kind(Circumstances(wanted=(Wanted(ProofKind.SAVED_CODE),), codes=codes))
    assert (found[ProofKind.SAVED_CODE].open, found[ProofKind.SAVED_CODE].why) == (why is None, why)


def test_what_would_not_help_any_more_is_closed() -> None:
    """After a saved code, the manager adds nothing: only the live check is left."""
    found = by_kind(
        Circumstances(
            passed=frozenset({ProofKind.SAVED_CODE}), wanted=(Wanted(ProofKind.LIVE_CHECK),), desk_open=True
        )
    )
    assert found[ProofKind.MANAGER].why is Why.NOT_NEEDED
    assert found[ProofKind.LIVE_CHECK].open


def test_a_closed_desk_closes_call_and_video_but_not_the_counter() -> None:
    """In-person help is never shut by a duty list."""
    found = by_kind(Circumstances(video=True))[ProofKind.LIVE_CHECK]
    assert found.open
    assert set(found.shut) == {LiveHow.CALL_BACK, LiveHow.VIDEO}


def test_video_needs_a_room() -> None:
    found = by_kind(Circumstances(desk_open=True))[ProofKind.LIVE_CHECK]
    assert found.shut == {LiveHow.VIDEO.value: Why.NOT_SET_UP}


def test_only_the_counter_is_offered_where_only_the_counter_counts() -> None:
    found = by_kind(Circumstances(wanted=(Wanted(ProofKind.LIVE_CHECK, "counter"),), desk_open=True))
    assert found[ProofKind.LIVE_CHECK].hows == ("counter",)


def test_signing_in_is_closed_once_everything_is_said_to_be_gone() -> None:
    assert by_kind(Circumstances(strong_left=False))[ProofKind.SIGN_IN].why is Why.ALL_GONE


# --- numbers on record --------------------------------------------------------------------------


def test_a_young_number_is_not_usable() -> None:
    """Whoever changed the number yesterday is whom we fear."""
    young = Method("sms", "phone", "", NOW - timedelta(days=13), "+49 1555 0110199")
    old = Method("sms2", "phone", "", NOW - timedelta(days=14), "+49 1555 0110177")
    found = {
        n.ref: n.usable
        for n in numbers_on_record(person("p", mobile="", business_phones=()), (young, old), NOW)
    }
    assert found == {"sms": False, "sms2": True}


def test_a_number_without_any_date_is_young_unless_the_installation_found_it() -> None:
    nobody_knows = numbers_on_record(person("p", business_phones=()), (), NOW)
    assert not nobody_knows[0].usable
    sighted = numbers_on_record(person("p", business_phones=()), (), NOW, first_seen={"mobile": (NOW, True)})
    assert (sighted[0].usable, sighted[0].baseline) == (True, True)
    later = numbers_on_record(person("p", business_phones=()), (), NOW, first_seen={"mobile": (NOW, False)})
    assert not later[0].usable


def test_a_number_that_rings_on_the_lost_device_is_not_called() -> None:
    """Not by its own entry, nor by the same number elsewhere in the directory."""
    method = Method("sms", "phone", "", NOW - timedelta(days=99), "+49 15550110101")
    found = numbers_on_record(
        person("p", business_phones=()),
        (method,),
        NOW,
        first_seen={"mobile": (NOW, True)},
        gone=frozenset({"sms"}),
    )
    assert [n.usable for n in found] == [False]


def test_masks_show_two_digits() -> None:
    assert masked("+49 1555 0110101") == "••• ••01"
    assert "1555" not in masked("+49 1555 0110101")
    assert masked("112") == "•••"
