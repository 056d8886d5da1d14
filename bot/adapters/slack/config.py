"""What the adapter must know of its installation, and a voice for Slack's libraries that says nothing.

Both libraries log whole requests when something is wrong with one, and people's words and bearer
addresses stand in them. So theirs are silent, and what matters is said by us, with ids only.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

CHANNEL = "slack"
"""`Place.channel` of everything here."""


@dataclass(frozen=True, slots=True)
class Home:
    """Whose people are served: one workspace, or an organisation with all its workspaces. Names can
    be changed by anybody who administers a workspace, ids by nobody."""

    team_id: str = ""
    enterprise_id: str = ""

    @property
    def tenant(self) -> str:
        """`Place.tenant` of its people. In an organisation a person has one id in every workspace."""
        return self.enterprise_id or self.team_id

    def holds(self, team_id: str, enterprise_id: str = "") -> bool:
        """Whether a workspace is ours. What Slack left out is not."""
        if self.enterprise_id:
            return self.enterprise_id in (enterprise_id, team_id)
        return bool(self.team_id) and self.team_id == team_id


def silent() -> logging.Logger:
    """For every logger argument of Bolt and of Slack's SDK; they copy its level to loggers of theirs."""
    logger = logging.getLogger("keyturn.slack.library")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
    return logger
