"""The front door's services fit the ports by which its pages know them."""

from __future__ import annotations

from bot.ports.callers import Callers
from bot.ports.front_door import FrontDoor
from bot.ports.moving import Moves
from bot.service.callers import CallerService
from bot.service.front_door import FrontDoorService
from bot.service.moving import MoveService


def fits(doors: FrontDoorService, callers: CallerService, moves: MoveService) -> None:
    door: FrontDoor = doors
    desk: Callers = callers
    device: Moves = moves
    del door, desk, device
