"""What the settings lay down, in the words of core and services; the composition root asks for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.core.humans import Humans
from bot.core.law import Law
from bot.core.model import Oid, Rank
from bot.core.proofs.door import set_up
from bot.core.rank import RankRules, rank_of
from bot.core.records import Lease
from bot.ports.clock import Clock
from bot.ports.directory import Directory
from bot.ports.store import Store
from bot.service.limits import Budgets
from bot.service.sightings import had_methods
from bot.settings import Settings

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def law_of(settings: Settings, *, mail: bool = False) -> Law:
    """What the settings lay down, in the core's words. *mail*: letters leave here, so that codes can."""
    groups = settings.groups
    policy = settings.policy
    return Law(
        policy=policy,
        ranks=RankRules(
            eligible=frozenset(g for g in (groups.eligible,) if g),
            deciders=frozenset(g for g in (groups.agents, groups.security) if g),
            excluded=policy.excluded,
            privileged=policy.privileged_accounts,
            sensitive=policy.sensitive,
            no_pim=settings.entra.pim == "none",
            no_risk=settings.entra.risk == "none",
        ),
        humans=Humans.of(settings.humans.links, by_employee_id=settings.humans.employee_id),
        agents=groups.agents,
        security=groups.security,
        ways=set_up(mail=mail, contacts=True),
    )


def open_hours(settings: Settings) -> Callable[[datetime], bool]:
    """Whether the desk's service hours hold at a moment."""
    zone = ZoneInfo(settings.desk.timezone)

    def open_now(at: datetime) -> bool:
        local = at.astimezone(zone)
        now = f"{local:%H:%M}"
        return any(h.day == local.weekday() and h.opens <= now < h.closes for h in settings.desk.hours)

    return open_now


def opens_next(settings: Settings) -> Callable[[datetime], datetime | None]:
    """When the service hours begin next, after a moment; None where none are set."""
    zone = ZoneInfo(settings.desk.timezone)

    def next_after(at: datetime) -> datetime | None:
        local = at.astimezone(zone)
        starts = [
            datetime.combine(
                local.date() + timedelta(days=ahead), time.fromisoformat(hours.opens), tzinfo=zone
            )
            for ahead in range(8)
            for hours in settings.desk.hours
            if hours.day == (local.weekday() + ahead) % 7
        ]
        return min((start.astimezone(UTC) for start in starts if start > at), default=None)

    return next_after


def hours_text(settings: Settings) -> str:
    """The service hours in one line, such as `Mon–Fri 08:00–18:00`."""
    hours = settings.desk.hours
    spans: dict[tuple[str, str], list[int]] = {}
    for opening in hours:
        spans.setdefault((opening.opens, opening.closes), []).append(opening.day)
    if list(spans) == [("00:00", "24:00")] and len(hours) == len(_DAYS):
        return "24/7"
    return ", ".join(f"{_days(days)} {opens}–{closes}" for (opens, closes), days in spans.items())


def _days(days: list[int]) -> str:
    first, last = min(days), max(days)
    if len(days) > 1 and last - first + 1 == len(days):
        return f"{_DAYS[first]}–{_DAYS[last]}"
    return ", ".join(_DAYS[day] for day in sorted(days))


def budgets_of(settings: Settings) -> Budgets:
    limits = settings.limits
    return Budgets(
        wrong_tries=limits.tries_per_attempt,
        pool=limits.tries_per_subject,
        openings_account=limits.openings_per_chat,
        openings_network=limits.openings_per_network,
    )


def named_groups(law: Law) -> tuple[str, ...]:
    """Every group that the policy names, by population or on a list of accounts and groups."""
    policy = law.policy
    listed = policy.excluded | policy.privileged_accounts | policy.sensitive
    return tuple(sorted(listed | {population.group for population in policy.populations}))


def rank_reader(
    store: Store, directory: Directory, law: Law, clock: Clock, groups: tuple[str, ...]
) -> Callable[[Oid], Awaitable[Rank]]:
    """What a flow's `look: rank` asks."""

    async def rank(oid: Oid) -> Rank:
        facts = await directory.facts(oid, groups=groups)
        had = await store.read(lambda work: had_methods(work, oid))
        return rank_of(facts, law.ranks, clock.now(), had_methods=had).rank

    return rank


def store_answers(store: Store) -> Callable[[], Awaitable[bool]]:
    async def answers() -> bool:
        await store.read(lambda work: work.get(Lease, "ready"))
        return True

    return answers


def hosts_of(settings: Settings, *more: str) -> frozenset[str]:
    """The hosts that an agent's words to a person may name: our own, and those of *more* addresses."""
    return frozenset(urlsplit(one).hostname or "" for one in (settings.public_url, *more)) - {""}
