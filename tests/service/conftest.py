"""What the services' suites share."""

from tests.fakes.product import whole
from tests.fakes.sandbox import sandbox

__all__ = ["sandbox", "whole"]
