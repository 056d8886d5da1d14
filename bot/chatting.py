"""The root's part for chat: every place where the bot speaks, and what is known of who speaks to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.adapters.web.transcript import WebChat
from bot.channels import Channel, Parts, channels_of
from bot.ports.chat import Chat
from bot.ports.chat_pages import AGENTS
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.intake import Intake
from bot.ports.store import Store
from bot.service.agent_cards import AgentCardService
from bot.service.card_posts import CardPosts
from bot.service.card_views import CardViews
from bot.service.homes import HomeService
from bot.service.identity import IdentityService
from bot.service.keys import Keys
from bot.service.links import PageLinks
from bot.service.membership import Membership
from bot.service.posts import PostBook
from bot.service.published import PublishedFlows
from bot.service.speaking import Speaking
from bot.service.talk_book import TalkBook
from bot.service.talk_posts import TalkPosts
from bot.service.words import WordService
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Chatting:
    """*web* is there in every installation; *channels* are the platforms that the settings switch on."""

    web: WebChat
    channels: tuple[Channel, ...]
    identity: IdentityService
    homes: HomeService
    posts: PostBook
    links: PageLinks
    speaking: Speaking
    cards: CardPosts
    talks: TalkPosts


def wire(
    settings: Settings,
    *,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    keys: Keys,
    words: WordService,
    published: PublishedFlows,
    directory: Directory,
    glances: Directory,
    views: CardViews,
    intake: Intake,
    demo: bool,
) -> Chatting:
    """*glances* is the directory for what is only shown, and may be told to come back."""
    offered = settings.locales.offered
    identity = IdentityService(store, directory, keys, clock, entropy, locales=offered)
    members = Membership(directory, clock, settings.groups.agents)
    homes = HomeService(
        store, words, published, glances, views, members, keys, clock,
        locales=offered, public_url=settings.public_url,
    )  # fmt: skip
    posts, links = PostBook(store, clock), PageLinks(keys)
    zone = ZoneInfo(settings.desk.timezone)
    parts = Parts(
        agent_cards=AgentCardService(
            store, views, words, clock, lambda view, at: cards.message(view, at), zone=zone
        ),
        intake=intake,
        identity=identity,
        homes=homes,
        posts=posts,
        links=links,
        words=words,
        store=store,
        clock=clock,
        entropy=entropy,
        keys=keys,
        public_url=settings.public_url,
        tenant_id=settings.entra.tenant_id,
        locales=offered,
    )
    channels = tuple(channels_of(settings, parts))
    web = WebChat(store, clock, keys)
    chats: Mapping[str, Chat] = {"web": web, **{one.name: one.chat for one in channels}}
    cards = CardPosts(
        store, views, chats, words, clock,
        channels=[*([AGENTS] if demo else []), *(one.agents for one in channels if one.agents)],
        locale=offered[0], zone=zone,
    )  # fmt: skip
    return Chatting(
        web, channels, identity, homes, posts, links, Speaking(words, published, chats), cards,
        TalkPosts(store, clock, entropy, words, TalkBook(keys), chats),
    )  # fmt: skip
