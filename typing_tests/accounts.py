"""What is known of chat accounts, and of what was sent to them, fits its ports."""

from __future__ import annotations

from bot.ports.homes import Homes
from bot.ports.identity import Identity
from bot.ports.posts import Posts
from bot.service.homes import HomeService
from bot.service.identity import IdentityService
from bot.service.posts import PostBook


def identity(it: IdentityService) -> Identity:
    return it


def posts(it: PostBook) -> Posts:
    return it


def homes(it: HomeService) -> Homes:
    return it
