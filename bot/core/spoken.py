"""Numbers, times and lists as people of a language write them.

Only what our words need, for the languages we ship; another language gets the English form.
Clock times carry their zone when it is UTC, because a bare "14:05" would be read as local.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June",
           "July", "August", "September", "October", "November", "December"),
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni",
           "Juli", "August", "September", "Oktober", "November", "Dezember"),
}  # fmt: skip
_UNITS = {
    "en": (("day", "days"), ("hour", "hours"), ("minute", "minutes"), ("second", "seconds")),
    "de": (("Tag", "Tage"), ("Stunde", "Stunden"), ("Minute", "Minuten"), ("Sekunde", "Sekunden")),
}
_AND = {"en": "and", "de": "und"}


def language(locale: str) -> str:
    """The language of a locale, as far as this module speaks it."""
    found = locale.partition("-")[0].lower()
    return found if found in _MONTHS else "en"


def plural(count: object, one: str, other: str) -> str:
    """*one* for exactly 1, else *other*; enough for the languages we ship."""
    return one if str(count) == "1" else other


def instant(value: object) -> datetime:
    """A time given as one, or as ISO text (as JSON brings it back)."""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def clock_time(value: object, zone: tzinfo = UTC) -> str:
    local = instant(value).astimezone(zone)
    return f"{local:%H:%M} UTC" if zone is UTC else f"{local:%H:%M}"


def calendar_date(value: object, locale: str, zone: tzinfo = UTC) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        day = value
    else:
        day = instant(value).astimezone(zone).date()
    month = _MONTHS[language(locale)][day.month - 1]
    return f"{day.day}. {month} {day.year}" if language(locale) == "de" else f"{day.day} {month} {day.year}"


def duration(value: object, locale: str) -> str:
    """A span (timedelta, or seconds) in its largest fitting unit and, below ten of it, the next."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(str(value))
    left = max(0, round(seconds))
    if left >= 60:
        left = round(left / 60) * 60  # nobody waits to the second
    parts: list[str] = []
    for size, (one, other) in zip((86400, 3600, 60, 1), _UNITS[language(locale)], strict=True):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {plural(count, one, other)}")
            if count >= 10 or len(parts) == 2:
                break
        elif parts:
            break
    return " ".join(parts) or f"0 {_UNITS[language(locale)][-1][1]}"


def listed(values: object, locale: str) -> str:
    """``a, b and c``."""
    items = [str(value) for value in values] if isinstance(values, list | tuple) else [str(values)]
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {_AND[language(locale)]} {items[-1]}"
