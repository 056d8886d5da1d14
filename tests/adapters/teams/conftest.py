"""What the suites of the Teams adapter may ask for."""

from tests.fakes.sandbox import sandbox
from tests.fakes.teams.house import teams

__all__ = ["sandbox", "teams"]
