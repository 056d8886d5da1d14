"""What people enrol fits its ports."""

from __future__ import annotations

from bot.adapters.graph.directory import GraphDirectory
from bot.ports.my_ways import MyWays
from bot.service.enrolled import EnrolledWays
from bot.service.my_ways import MyWaysService
from bot.service.newcomers import Newcomers
from bot.service.proving import Enrolled


def my_ways(it: MyWaysService) -> MyWays:
    return it


def enrolled(it: EnrolledWays) -> Enrolled:
    return it


def newcomers(it: GraphDirectory) -> Newcomers:
    return it
