"""One request that may be approved, so that each test changes one thing about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.facts import AccountFacts, Method, PassPolicy, Person, Read, Risk, Role, Roles, Unreadable
from bot.core.humans import Humans
from bot.core.law import Approval, Facts, Law, Ledger, Page, Proof, Stand
from bot.core.model import Act, ActKind, Oid, ProofKind
from bot.core.plan import Draft, act_json, contents
from bot.core.policy import DEFAULT, Policy
from bot.core.rank import AUTHENTICATION_ADMINISTRATOR, RankRules
from bot.core.records import Evidence, Request
from bot.core.request import Decision, decide

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SUBJECT, AGENT, SECOND, CHECKER, MANAGER = "s-oid", "a-oid", "b-oid", "c-oid", "m-oid"
AGENTS, SECURITY, ELIGIBLE = "g-agents", "g-security", "g-eligible"
THUMB = "thumb"
PASS_POLICY = PassPolicy(True, 10, 480, 60, False, ("all_users",), ())


def person(oid: str, **more: Any) -> Person:
    told: dict[str, Any] = {
        "upn": f"{oid}@x.example", "name": oid, "mail": "", "department": "", "job_title": "", "office": "",
        "locale": "en", "enabled": True, "guest": False, "external": False, "synced": False,
        "management_restricted": False, "hired_at": None, "employee_id": f"no-{oid}", "mobile": "",
    }  # fmt: skip
    return Person(oid=Oid(oid), **(told | more))


def account(oid: str, **more: Any) -> AccountFacts:
    told: dict[str, Any] = {
        "read_at": NOW,
        "person": person(oid),
        "roles": Roles((), (), ()),
        "groups": frozenset({ELIGIBLE}),
        "units": frozenset(),
        "methods": (Method("m1", "microsoftAuthenticator", "Pixel", NOW - timedelta(days=400)),),
        "live_pass": None,
        "risk": Risk("none"),
    }
    return AccountFacts(**(told | more))


def admin(
    oid: str, *, scope: str = "/", eligible: bool = False, group: str = AGENTS, **more: Any
) -> AccountFacts:
    role = Role(AUTHENTICATION_ADMINISTRATOR, "Authentication Administrator", scope, eligible)
    roles = Roles(() if eligible else (role,), (role,) if eligible else (), ())
    return account(oid, roles=roles, groups=frozenset({group, ELIGIBLE}), **more)


def evidence(
    kind: ProofKind, *, by: str = "", how: str = "", at: datetime | None = None, ident: str = ""
) -> Evidence:
    return Evidence(
        ident or f"e-{kind}", "case", "attempt", SUBJECT, kind.value, at or NOW - timedelta(minutes=20), by,
        THUMB, {"how": how} if how else {}, "mac",
    )  # fmt: skip


PROOFS = (
    Proof(evidence(ProofKind.SAVED_CODE), True),
    Proof(evidence(ProofKind.LIVE_CHECK, by=CHECKER, how="call_back"), True),
)
ACTS = (
    Act(ActKind.ISSUE_PASS, shape="short", minutes=15),
    Act(ActKind.REMOVE_METHOD, "m1", "microsoftAuthenticator"),
)


@dataclass
class Case:
    """Everything `decide` takes; change it, then `verdict()`."""

    policy: Policy = DEFAULT
    humans: Humans = field(default_factory=lambda: Humans.of([], by_employee_id=True))
    acts: tuple[Act, ...] = ACTS
    proofs: tuple[Proof, ...] = PROOFS
    rank: str = "standard"
    subject: AccountFacts = field(default_factory=lambda: account(SUBJECT))
    people: dict[str, AccountFacts] = field(
        default_factory=lambda: {AGENT: admin(AGENT), SECOND: admin(SECOND)}
    )
    witnesses: dict[str, Read[Person | None]] = field(
        default_factory=lambda: {CHECKER: person(CHECKER), MANAGER: person(MANAGER)}
    )
    pass_policy: Read[PassPolicy] = PASS_POLICY
    page: Page = field(
        default_factory=lambda: Page("open", THUMB, NOW + timedelta(hours=2), NOW - timedelta(seconds=5))
    )
    ledger: Ledger = field(default_factory=lambda: Ledger("open", "open"))
    opener: str = ""
    stand: Stand | None = None
    starter: str = ""
    read_at: datetime = NOW - timedelta(seconds=2)
    earlier: tuple[Approval, ...] = ()
    approver: str = AGENT
    asked: dict[str, Any] = field(default_factory=dict)  # changes to the request
    drafted: dict[str, Any] = field(default_factory=dict)  # changes to the signed draft
    signed: tuple[Proof, ...] | None = None  # what the draft was made of, if not `proofs`
    law_changes: dict[str, Any] = field(default_factory=dict)
    now: datetime = NOW

    @property
    def law(self) -> Law:
        ranks = RankRules(frozenset({ELIGIBLE}), frozenset({AGENTS, SECURITY}))
        return replace(Law(self.policy, ranks, self.humans, AGENTS, SECURITY), **self.law_changes)

    @property
    def request(self) -> Request:
        made = Request(
            "request", "case", "attempt", SUBJECT, "approval", 5, [act_json(a) for a in self.acts], self.rank,
            self.policy.version, [p.row.id for p in self.proofs], THUMB, 1, NOW - timedelta(minutes=10),
            NOW + timedelta(minutes=50), "open",
        )  # fmt: skip
        return replace(made, **self.asked)

    @property
    def draft(self) -> Draft:
        signed = self.proofs if self.signed is None else self.signed
        made = Draft(
            "case", "request", SUBJECT, self.acts, self.rank, self.policy.version,
            contents(p.row for p in signed), THUMB, self.approver, "new_device",
        )  # fmt: skip
        return replace(made, **self.drafted)

    @property
    def facts(self) -> Facts:
        return Facts(
            self.read_at, self.subject, self.people, self.witnesses, self.pass_policy, self.page, self.ledger,
            self.opener, self.stand, self.starter,
        )  # fmt: skip

    def verdict(self) -> Decision:
        return decide(self.law, self.request, self.draft, self.proofs, self.earlier, self.facts, self.now)


UNREADABLE = Unreadable("error")
