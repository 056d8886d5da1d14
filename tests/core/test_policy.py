"""The policy table, every subset of evidence against it, and the floor that holds it up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain, combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import ActKind, LiveHow, ProofKind, Rank, Reason
from bot.core.policy import (
    DEFAULT,
    DEFAULT_RULES,
    Row,
    ThreatMode,
    open_proofs,
    row,
    satisfied,
)
from bot.core.policy_file import parse
from bot.core.sets import CODES, HIRING, Need, Passed, evidence_set, implies

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PASS = (ActKind.ISSUE_PASS, ActKind.REMOVE_METHOD)
WAYS: tuple[tuple[ProofKind, str], ...] = (
    (ProofKind.SIGN_IN, ""),
    (ProofKind.SAVED_CODE, ""),
    (ProofKind.ISSUED_CODE, "mail"),
    (ProofKind.ISSUED_CODE, HIRING),
    (ProofKind.CONTACT, ""),
    (ProofKind.MANAGER, "in_person"),
    (ProofKind.LIVE_CHECK, LiveHow.CALL_BACK.value),
    (ProofKind.LIVE_CHECK, LiveHow.VIDEO.value),
    (ProofKind.LIVE_CHECK, LiveHow.COUNTER.value),
    (ProofKind.VERIFIED_ID, ""),
)
SUBSETS = list(chain.from_iterable(combinations(WAYS, n) for n in range(len(WAYS) + 1)))


def passed(ways: tuple[tuple[ProofKind, str], ...], at: datetime = NOW) -> list[Passed]:
    return [Passed(kind, at, how) for kind, how in ways]


def codes_of(ways: tuple[tuple[ProofKind, str], ...]) -> set[ProofKind]:
    """The kinds that count as codes; the address from before hiring only where it is named."""
    return {kind for kind, how in ways if how != HIRING} & CODES


def by_the_book(rank: Rank, ways: tuple[tuple[ProofKind, str], ...], *, remembered: bool) -> bool:
    """The table of the design, written a second time and in another way."""
    kinds = {kind for kind, _ in ways}
    codes = codes_of(ways)
    live, counter = ProofKind.LIVE_CHECK in kinds, (ProofKind.LIVE_CHECK, "counter") in ways
    face, boss = ProofKind.VERIFIED_ID in kinds, ProofKind.MANAGER in kinds
    match rank:
        case Rank.STANDARD:
            two = len(codes) >= 2 and remembered
            return two or face or (bool(codes or boss) and live) or counter
        case Rank.NEW_ACCOUNT:
            return counter or (boss and (ProofKind.ISSUED_CODE, HIRING) in ways)
        case Rank.SENSITIVE:
            return bool(codes or face) and live
        case Rank.PRIVILEGED | Rank.EXCLUDED:
            return False


@pytest.mark.parametrize("rank", list(Rank))
def test_every_subset_of_evidence_is_judged_as_the_table_says(rank: Rank) -> None:
    """All 2^10 subsets, in a remembered browser and in any other: enough is enough, less is nothing."""
    found = row(DEFAULT, PASS, rank)
    for ways, remembered in product(SUBSETS, (False, True)):
        enough = satisfied(found, passed(ways), remembered=remembered, now=NOW) is not None
        assert enough == by_the_book(rank, ways, remembered=remembered), (rank, ways, remembered)


def test_every_subset_under_a_threat_needs_a_meeting_and_a_second_proof() -> None:
    """Elevated: counter or Verified ID, plus one code or the manager, and two approvers."""
    for rank in (Rank.STANDARD, Rank.SENSITIVE):
        found = row(DEFAULT, PASS, rank, threat=ThreatMode.ELEVATED)
        assert found.approvers == 2
        for ways in SUBSETS:
            kinds = {kind for kind, _ in ways}
            met = (ProofKind.LIVE_CHECK, "counter") in ways or ProofKind.VERIFIED_ID in kinds
            second = bool(codes_of(ways)) or ProofKind.MANAGER in kinds
            enough = satisfied(found, passed(ways), remembered=True, now=NOW) is not None
            assert enough == (met and second), ways


def test_a_working_method_never_leads_to_a_pass() -> None:
    """`sign_in` is no recovery: it fills no set of any rank that issues a pass."""
    policy, _ = parse({"privileged": True})
    for rank in DEFAULT_RULES:
        for one in row(policy, PASS, rank).sets:
            assert all(n.kind is not ProofKind.SIGN_IN for slot in one.slots for n in slot)


def test_privileged_needs_counter_code_and_two_of_another_group_once_enabled() -> None:
    """Off by default; on, it is the strictest row there is."""
    assert row(DEFAULT, PASS, Rank.PRIVILEGED).refused is Reason.RANK_REFUSED
    policy, _ = parse({"privileged": True})
    found = row(policy, PASS, Rank.PRIVILEGED)
    assert (found.approvers, found.separate_group, found.refused) == (2, True, None)
    for ways in SUBSETS:
        wanted = (ProofKind.LIVE_CHECK, "counter") in ways and bool(codes_of(ways))
        assert (satisfied(found, passed(ways), remembered=True, now=NOW) is not None) == wanted


def test_excluded_never_and_unknown_acts_never() -> None:
    """No switch opens an excluded account; an empty plan is no plan."""
    policy, _ = parse({"privileged": True, "reset_methods": True, "solo_desk": True})
    assert row(policy, PASS, Rank.EXCLUDED).refused is Reason.RANK_REFUSED
    assert row(policy, (ActKind.FORGET_DEVICES,), Rank.EXCLUDED).refused is Reason.RANK_REFUSED
    assert row(policy, (), Rank.STANDARD).refused is Reason.RANK_REFUSED


def test_resetting_all_methods_is_off_until_asked_for() -> None:
    """`reset_methods` has a switch of its own."""
    assert row(DEFAULT, (ActKind.RESET_METHODS,), Rank.STANDARD).refused is Reason.FORBIDDEN
    policy, _ = parse({"reset_methods": True})
    assert row(policy, (ActKind.RESET_METHODS,), Rank.STANDARD).refused is None


def test_forgetting_devices_takes_any_one_evidence() -> None:
    """The bar to report a loss is lower than the bar for a pass."""
    found = row(DEFAULT, (ActKind.FORGET_DEVICES,), Rank.STANDARD)
    assert found.approvers == 1
    for ways in SUBSETS:
        own = [how for _, how in ways if how != HIRING]
        assert (satisfied(found, passed(ways), remembered=False, now=NOW) is not None) == bool(own)


def test_a_plan_of_both_families_needs_what_the_stricter_one_needs() -> None:
    """Adding `forget_devices` to a pass makes nothing easier."""
    both = row(DEFAULT, (*PASS, ActKind.FORGET_DEVICES), Rank.SENSITIVE)
    alone = row(DEFAULT, PASS, Rank.SENSITIVE)
    for ways in SUBSETS:
        assert (satisfied(both, passed(ways), remembered=True, now=NOW) is None) == (
            satisfied(alone, passed(ways), remembered=True, now=NOW) is None
        )


def test_old_and_future_evidence_does_not_count() -> None:
    """Sixty minutes, and clocks that went back help nobody."""
    found = row(DEFAULT, PASS, Rank.STANDARD)
    ways = ((ProofKind.SAVED_CODE, ""), (ProofKind.LIVE_CHECK, "call_back"))
    hour = timedelta(hours=1)

    def enough(at: datetime) -> bool:
        return satisfied(found, passed(ways, at), remembered=False, now=NOW, max_age=hour) is not None

    assert enough(NOW - hour)
    assert not enough(NOW - hour - timedelta(seconds=1))
    assert not enough(NOW + timedelta(seconds=1))


def test_the_same_proof_twice_is_one_proof() -> None:
    """Two saved codes are not two methods."""
    found = row(DEFAULT, PASS, Rank.STANDARD)
    twice = [Passed(ProofKind.SAVED_CODE, NOW), Passed(ProofKind.SAVED_CODE, NOW - timedelta(minutes=1))]
    assert satisfied(found, twice, remembered=True, now=NOW) is None


# --- what is still open -----------------------------------------------------------------------------


def test_open_proofs_are_those_that_still_help() -> None:
    """After a code, the other codes help only in a remembered browser; the live check always does."""
    found = row(DEFAULT, PASS, Rank.STANDARD)
    here = frozenset({ProofKind.SAVED_CODE, ProofKind.MANAGER, ProofKind.LIVE_CHECK})
    one = [Passed(ProofKind.SAVED_CODE, NOW)]
    assert [str(n) for n in open_proofs(found, [], available=here)] == ["saved_code", "manager", "live_check"]
    assert "live_check" in [str(n) for n in open_proofs(found, one, available=here)]
    assert Need(ProofKind.CONTACT) in open_proofs(found, one, remembered=True)
    enough = [*one, Passed(ProofKind.LIVE_CHECK, NOW, "video")]
    assert open_proofs(found, enough, available=here) == ()


def test_nothing_is_open_to_a_rank_that_is_refused() -> None:
    """A privileged account is not led through proofs that cannot help it."""
    assert open_proofs(row(DEFAULT, PASS, Rank.PRIVILEGED), []) == ()


@given(st.sampled_from(SUBSETS), st.sampled_from(list(DEFAULT_RULES)), st.booleans())
def test_passing_every_open_proof_is_always_enough(
    ways: tuple[tuple[ProofKind, str], ...], rank: Rank, remembered: bool
) -> None:
    """The page never leads somebody into a dead end."""
    policy, _ = parse({"privileged": True})
    found = row(policy, PASS, rank)
    opened = open_proofs(found, passed(ways), remembered=remembered)
    more = [*passed(ways), *(Passed(n.kind, NOW, n.how) for n in opened)]
    assert satisfied(found, more, remembered=remembered, now=NOW) is not None


# --- the floor ----------------------------------------------------------------------------------------


def rules_of(mapping: object) -> set[str]:
    return {c.rule for c in parse(mapping)[1]}


@pytest.mark.parametrize(
    ("mapping", "rule"),
    [
        ({"rules": {"standard": {"approvers": 0}}}, "floor-approvers-standard"),
        ({"rules": {"standard": {"sets": []}}}, "floor-evidence-standard"),
        ({"rules": {"standard": {"sets": [["manager"]]}}}, "floor-evidence-standard"),
        ({"rules": {"standard": {"sets": [["live_check"]]}}}, "floor-evidence-standard"),
        ({"rules": {"standard": {"sets": [["saved_code", "issued_code"]]}}}, "floor-evidence-standard"),
        ({"rules": {"standard": {"sets": [["sign_in", "live_check"]]}}}, "floor-evidence-standard"),
        ({"rules": {"new_account": {"sets": [["manager", "issued_code"]]}}}, "floor-evidence-new_account"),
        ({"rules": {"sensitive": {"sets": [["manager", "live_check"]]}}}, "floor-evidence-sensitive"),
        ({"rules": {"privileged": {"approvers": 1}}}, "floor-approvers-privileged"),
        ({"rules": {"privileged": {"sets": [["live_check", "saved_code"]]}}}, "floor-evidence-privileged"),
        ({"rules": {"excluded": {"approvers": 9}}}, "floor-excluded"),
        ({"forget_devices": {"sets": []}}, "floor-evidence-forget-devices"),
        ({"forget_devices": {"approvers": 0}}, "floor-approvers-forget-devices"),
        (
            {"populations": [{"name": "p", "group": "g", "rules": {"standard": {"approvers": 0}}}]},
            "floor-approvers-standard",
        ),
        ({"times": {"evidence": "61m"}}, "floor-time-evidence"),
        ({"times": {"request": "2h"}}, "floor-time-request"),
        ({"times": {"page": "90s"}}, "floor-time-page"),
        ({"times": {"facts": "31s"}}, "floor-time-facts"),
        ({"times": {"between_used_passes": "71h"}}, "floor-time-between_used_passes"),
        ({"times": {"quarantine": "1h"}}, "floor-time-quarantine"),
        ({"times": {"long_quarantine": "13d"}}, "floor-time-long_quarantine"),
        ({"times": {"handover": "31m"}}, "floor-time-handover"),
        ({"times": {"evidence": "0m"}}, "floor-time-evidence"),
    ],
)
def test_whatever_is_weaker_than_the_floor_is_refused_by_name(mapping: object, rule: str) -> None:
    """Configuration can ask for more, never for less, and says which rule it broke."""
    assert rule in rules_of(mapping)


def test_stricter_policies_are_taken() -> None:
    """More approvers, fewer sets, shorter times, a population of its own."""
    policy, complaints = parse(
        {
            "rules": {"standard": {"approvers": 2, "sets": [["saved_code", "live_check:video"]]}},
            "populations": [
                {"name": "floor", "group": "G1", "rules": {"standard": {"sets": [["live_check:counter"]]}}}
            ],
            "times": {"request": "30m", "quarantine": "5d"},
            "threat_mode": "elevated",
            "lists": {"excluded": ["AA"], "sensitive": ["BB"]},
        }
    )
    assert complaints == ()
    assert policy.rules[Rank.STANDARD].approvers == 2
    assert policy.populations[0].group == "g1"
    assert policy.excluded == {"aa"}
    assert row(policy, PASS, Rank.STANDARD).approvers == 2


def test_a_population_has_its_own_row() -> None:
    """Members of the group get it, nobody else does."""
    policy, _ = parse(
        {
            "populations": [
                {"name": "floor", "group": "g1", "rules": {"standard": {"sets": [["live_check:counter"]]}}}
            ]
        }
    )
    inside = row(policy, PASS, Rank.STANDARD, groups=frozenset({"g1"}))
    assert inside.sets == (evidence_set("live_check:counter"),)
    assert row(policy, PASS, Rank.STANDARD).sets == DEFAULT_RULES[Rank.STANDARD].sets


def test_all_complaints_come_at_once() -> None:
    """Nobody fixes a policy one error at a time."""
    _, complaints = parse(
        {
            "x": 1,
            "threat_mode": "odd",
            "solo_desk": "maybe",
            "times": {"evidence": "soon"},
            "rules": {"odd": {}},
        }
    )
    assert {c.where for c in complaints} == {
        "policy.x",
        "policy.threat_mode",
        "policy.solo_desk",
        "policy.times.evidence",
        "policy.rules.odd",
    }


@pytest.mark.parametrize(
    "mapping",
    [
        [],
        "text",
        {"rules": []},
        {"lists": {"excluded": "one"}},
        {"rules": {"standard": {"sets": [["voice"]]}}},
    ],
)
def test_bad_shapes_are_complaints_not_crashes(mapping: object) -> None:
    """A list where a mapping belongs is said so."""
    assert parse(mapping)[1]


def test_the_version_is_of_the_contents() -> None:
    """Equal policies have equal versions on every machine; any change makes another."""
    same, _ = parse({})
    other, _ = parse({"solo_desk": True})
    lists, _ = parse({"lists": {"excluded": ["b", "a"]}})
    again, _ = parse({"lists": {"excluded": ["a", "b"]}})
    assert same.version == DEFAULT.version != other.version
    assert lists.version == again.version != same.version


def test_implication_is_about_every_way() -> None:
    """A set with one weak way is weak, however strong its other ways are."""
    floor = DEFAULT_RULES[Rank.STANDARD].sets
    assert implies(evidence_set("live_check:counter"), floor)
    assert not implies(evidence_set("live_check:counter|manager"), floor)
    assert not implies(evidence_set(), floor)


def test_the_row_of_solo_desk_is_for_standard_accounts_in_calm_times() -> None:
    """The checker may approve only where that was switched on, and never under a threat."""
    policy, _ = parse({"solo_desk": True})

    def solo(found: Row) -> bool:
        return found.solo_desk

    assert solo(row(policy, PASS, Rank.STANDARD))
    assert not solo(row(policy, PASS, Rank.SENSITIVE))
    assert not solo(row(policy, PASS, Rank.STANDARD, threat=ThreatMode.ELEVATED))
    assert not solo(row(DEFAULT, PASS, Rank.STANDARD))


def test_words_in_quotes_mean_the_same() -> None:
    """YAML readers differ in what they make of true and 2."""
    quoted, complaints = parse({"solo_desk": "true", "rules": {"standard": {"approvers": "2"}}})
    plain, _ = parse({"solo_desk": True, "rules": {"standard": {"approvers": 2}}})
    assert complaints == ()
    assert quoted.version == plain.version


@pytest.mark.parametrize(
    "mapping",
    [
        {"populations": [{"name": "p"}]},
        {"populations": [{"group": "g"}]},
        {"times": {"lunch": "1h"}},
        {"rules": {"standard": {"approvers": "many"}}},
        {"rules": {"standard": {"sets": [["saved_code:fast"]]}}},
        {"rules": {"standard": {"sets": [["live_check:phone"]]}}},
        {"rules": {"standard": {"sets": [{"remembered": "perhaps", "needs": ["verified_id"]}]}}},
    ],
)
def test_what_makes_no_sense_is_said(mapping: object) -> None:
    """Half a population, an unknown span, a way that a proof does not have."""
    assert parse(mapping)[1]


def test_sets_can_be_written_with_a_remembered_browser() -> None:
    """The long form of a set."""
    written = {"remembered": True, "needs": ["saved_code", "issued_code|contact"]}
    policy, complaints = parse({"rules": {"standard": {"sets": [written]}}})
    assert complaints == ()
    assert policy.rules[Rank.STANDARD].sets == (
        evidence_set("saved_code", "issued_code|contact", remembered=True),
    )


def test_rules_that_do_not_imply_each_other_are_asked_together() -> None:
    """A stricter `forget_devices` is not lost inside a bigger plan."""
    policy, complaints = parse({"forget_devices": {"sets": [["manager"]], "approvers": 3}})
    assert complaints == ()
    both = row(policy, (*PASS, ActKind.FORGET_DEVICES), Rank.STANDARD)
    assert both.approvers == 3
    alone = ((ProofKind.LIVE_CHECK, "counter"),)
    assert satisfied(both, passed(alone), remembered=True, now=NOW) is None
    more = (*alone, (ProofKind.MANAGER, "in_person"))
    assert satisfied(both, passed(more), remembered=True, now=NOW) is not None
