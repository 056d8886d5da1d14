"""Each adapter fits its port."""

from bot.adapters.entra.authority import EntraAuthority
from bot.adapters.entra.reader import AppTokens as EntraAppTokens
from bot.adapters.graph.acting import GraphActing
from bot.adapters.graph.directory import GraphDirectory
from bot.adapters.graph.recent import RecentDirectory
from bot.ports.acting import Acting
from bot.ports.directory import AppTokens, Directory
from bot.ports.sign_in import Authority, SignIns
from bot.service.sign_ins import SignInService


def authority(it: EntraAuthority) -> Authority:
    return it


def app_tokens(it: EntraAppTokens) -> AppTokens:
    return it


def directory(it: GraphDirectory) -> Directory:
    return it


def acting(it: GraphActing) -> Acting:
    return it


def sign_ins(it: SignInService) -> SignIns:
    return it


def recent(it: RecentDirectory) -> Directory:
    return it
