"""What the suites of the Slack adapter may ask for."""

from tests.fakes.sandbox import sandbox
from tests.fakes.slack.house import slack_house

__all__ = ["sandbox", "slack_house"]
