"""Exceptions, by whose fault they are.

A person's mistake in chat is no exception but a `Refuse` effect; a person's
mistake on a page is `Refused`, whose `Reason` the page words kindly. Texts of
exceptions are for operators and never hold a secret, a token or a message body.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.model import Reason


class KeyturnError(Exception):
    """Root of every exception this project raises on purpose."""

    code = "keyturn"


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint about the settings: where, what, and what to do."""

    where: str
    message: str
    remedy: str
    line: int = 0


class SettingsError(KeyturnError):
    """The operator's configuration cannot be used; holds every complaint."""

    code = "settings.invalid"

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{p.where}: {p.message} {p.remedy}" for p in problems))


class UnusableError(KeyturnError):
    """The surroundings cannot be used (folder, port, database); exit code 2."""

    code = "unusable"

    def __init__(self, place: str, message: str, remedy: str) -> None:
        self.place, self.message, self.remedy = place, message, remedy
        super().__init__(f"{place}: {message} {remedy}")


class ConflictError(KeyturnError):
    """Another worker was first: load again and decide again."""

    code = "store.conflict"


class TransientError(KeyturnError):
    """A platform failed in a way that may pass; *retry_after* is in seconds."""

    code = "platform.transient"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class NotDueError(TransientError):
    """Our own pace forbids it now, so it was not tried and costs no attempt. *retry_after* says when."""

    code = "platform.not_due"


class PermanentError(KeyturnError):
    """A platform said no for good; asking again will not help."""

    code = "platform.permanent"

    def __init__(self, message: str, *, status: int = 0, reason: str = "") -> None:
        self.status, self.reason = status, reason
        super().__init__(message)


class Refused(KeyturnError):
    """A page's request is refused; nothing changed unless audited otherwise."""

    code = "refused"

    def __init__(self, reason: Reason, *, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason.value}{': ' + detail if detail else ''}")
