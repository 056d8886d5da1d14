"""What the directory has on record of a person: numbers and photo, each with its age."""

from __future__ import annotations

import hashlib
from datetime import datetime

from bot.core.model import Oid
from bot.core.proofs.live_check import OLD_ENOUGH, NumberOnRecord, numbers_on_record
from bot.core.records import Case
from bot.errors import PermanentError, TransientError
from bot.ports.directory import Directory
from bot.ports.store import Store, UnitOfWork
from bot.service import sightings


async def on_record(
    store: Store, directory: Directory, case: Case, now: datetime
) -> tuple[tuple[NumberOnRecord, ...], datetime | None]:
    """The subject's numbers with their age, and since when the photo is known, if long enough. Seeing
    something for the first time is written down, which starts its age."""
    if not case.subject_oid:
        return (), None
    oid = Oid(case.subject_oid)
    try:
        person = await directory.person(oid)
        methods = await directory.methods(oid)
        photo = await directory.photo(oid)
    except (TransientError, PermanentError):
        return (), None
    if person is None:
        return (), None
    things: list[sightings.Thing] = [(m.id, m.type, m.label, m.created_at) for m in methods]
    things += [(n.ref, "number", n.masked, None) for n in numbers_on_record(person, (), now)]
    if photo is not None:
        mark = hashlib.sha256(photo[1]).hexdigest()[:16]  # another picture is another sighting
        things.append((f"photo/{mark}", "photo", "", None))

    def fn(work: UnitOfWork) -> dict[str, tuple[datetime, bool]]:
        sightings.note(work, case.subject_oid, things, now)
        return sightings.known(work, case.subject_oid)

    seen = await store.transact(fn)
    photo_since, baseline = seen[things[-1][0]] if photo is not None else (None, False)
    old = photo_since is not None and (baseline or now - photo_since >= OLD_ENOUGH)
    return numbers_on_record(person, methods, now, first_seen=seen), photo_since if old else None
