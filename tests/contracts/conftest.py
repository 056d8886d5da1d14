"""What the contract suites share."""

from tests.contracts.graphs import graph
from tests.fakes.sandbox import sandbox

__all__ = ["graph", "sandbox"]
