"""The composition root: settings in, one wired product out. The only place that knows everybody.

`build` makes the parts and connects them (`chatting` those of chat); `Product.start` and `stop` run
what works by itself. Nothing is decided here.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from bot.adapters.store.opening import open_store
from bot.adapters.web.app import Page
from bot.adapters.web.callback import Callback
from bot.adapters.web.case import CasePage
from bot.adapters.web.case_ticket import CaseTicket
from bot.adapters.web.desk import DeskPage
from bot.adapters.web.health import Health
from bot.adapters.web.linking import LinkPage
from bot.adapters.web.me import Me
from bot.adapters.web.polling import Polls
from bot.adapters.web.review import ReviewPage
from bot.adapters.web.talk import TalkPage
from bot.adapters.web.visitor import Countries
from bot.adapters.web.voucher import Voucher
from bot.chatting import wire
from bot.core import effects as fx
from bot.core.events import Opened
from bot.core.ngram import NgramEncoder
from bot.derived import (
    budgets_of,
    hosts_of,
    hours_text,
    law_of,
    open_hours,
    rank_reader,
    store_answers,
)
from bot.enrolling import enrolling
from bot.entrance import entrance, pages_of
from bot.flowfile.pack import pack_root
from bot.microsoft import reach
from bot.objecting import objecting
from bot.outages import outages_of
from bot.ports.clock import Clock, Entropy
from bot.ports.mail import Mail
from bot.ports.sign_in import Purpose
from bot.product import Product
from bot.queueing import queue_pages, queueing
from bot.service.acts import Acts
from bot.service.attempts import Attempts
from bot.service.badges import told_in
from bot.service.card_views import CardViews
from bot.service.cards import CardPerformers
from bot.service.case_page import CasePageService
from bot.service.case_views import CaseViews
from bot.service.chance import SystemClock, SystemEntropy
from bot.service.checks import LiveChecks
from bot.service.codes import CodeBook
from bot.service.contacts import ContactBook
from bot.service.dead_letters import DeadLetterBox
from bot.service.desk import DeskService
from bot.service.evidence import EvidenceBook
from bot.service.executions import Executions
from bot.service.figures import figures_of
from bot.service.follow_through import FollowThrough
from bot.service.graph_acts import GraphActs
from bot.service.handover import Handovers
from bot.service.intake import IntakeService
from bot.service.keys import Keys
from bot.service.limits import Limits
from bot.service.link_changes import LinkChanges
from bot.service.linking import LinkingService
from bot.service.looks import Looks
from bot.service.membership import Membership
from bot.service.my_page import MyPageService
from bot.service.newcomers import KIND as NEWCOMERS
from bot.service.outbox import Outbox
from bot.service.proof_entry import ProofEntry
from bot.service.proving import Provings
from bot.service.published import PublishedFlows
from bot.service.purposes import contexts_by_purpose
from bot.service.requests import Requests
from bot.service.returning import Returning
from bot.service.reviews import ReviewService
from bot.service.routing import ExampleRouter, folder_examples
from bot.service.sequencer import Sequencer
from bot.service.sessions import SessionService
from bot.service.sign_ins import SignInService, Ways
from bot.service.step_timers import StepTimers
from bot.service.stops import Stops
from bot.service.talking import Talking
from bot.service.talks import AgentTalks, PageTalks
from bot.service.ticketing import TicketNotes
from bot.service.timers import Timers
from bot.service.turns import TurnService
from bot.service.vouchers import VoucherService
from bot.service.withdrawals import Withdrawals
from bot.service.word_files import WordFiles
from bot.service.words import Desk as DeskWords
from bot.service.words import WordService
from bot.settings import Settings
from bot.site import shell_of
from bot.standing import standing
from bot.ticketing import outside

SECURITY_INFO = "https://mysignins.microsoft.com/security-info"


def build(
    settings: Settings,
    *,
    mail: Mail | None = None,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    security_info: str = SECURITY_INFO,
    countries: Countries | None = None,
    demo: bool = False,
) -> Product:
    """Wire the product. Opens (and migrates) the store; raises UnusableError when it cannot.

    *mail* and *countries* go before what the settings say of `mail` and `geo`; *security_info* is where
    people register sign-in methods themselves."""
    clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
    store = open_store(settings.store.url)
    keys = Keys(settings.secrets.server_key.reveal_bytes(), settings.secrets.pepper.reveal_bytes())
    post = mail or mail_of(settings, clock)
    law, open_now = law_of(settings, mail=post is not None), open_hours(settings)
    holder = f"{socket.gethostname()}/{settings.listen}"
    root = pack_root()
    entra = settings.entra
    ms = reach(settings, store=store, clock=clock, law=law)
    authority, directory, shown, groups, agents = ms.authority, ms.directory, ms.shown, ms.groups, ms.agents

    # Words and flows
    hours = hours_text(settings)
    words = WordService(
        WordFiles.of_folder(root / "templates"),
        desk=DeskWords(settings.desk.phone, hours),
        links={
            "security_info": security_info,
            "my_page": f"{settings.public_url}/me",
            "help": f"{settings.public_url}/help",
        },
    )
    published = PublishedFlows(store, words, clock, keys)
    router = ExampleRouter(NgramEncoder(), folder_examples(root / "flows"), published.names)

    # Turns: performers are named below, once those who perform exist
    performers: dict[type, Sequence[Any]] = {}
    turns = TurnService(store, published, clock, entropy, performers)
    handlers: dict[Purpose, Any] = {}
    back: dict[Purpose, Any] = {}
    sign_ins = SignInService(
        store=store,
        clock=clock,
        entropy=entropy,
        keys=keys,
        authority=authority,
        contexts=contexts_by_purpose(
            approve=entra.contexts.approve, enrol=entra.contexts.enrol, sign_in=entra.contexts.sign_in
        ),
        callback=f"{settings.public_url}/auth/callback",
        ways=Ways(handlers, back),
    )
    sessions = SessionService(store, clock, entropy)

    # Proving
    limits = Limits(entropy, budgets_of(settings))
    handovers = Handovers(store, clock, entropy, law.policy.times)
    halts: list[Any] = []
    stops = Stops(turns, keys, entropy, handovers, halts)
    attempts = Attempts(store, clock, entropy, keys, limits)
    queue = queueing(settings, store=store, clock=clock, entropy=entropy, attempts=attempts)
    book = EvidenceBook(keys, entropy, limits, stops)
    codes = CodeBook(store, clock, entropy, keys)
    contacts = ContactBook(store, keys, clock)
    vouchers = VoucherService(
        store, clock, entropy, keys, directory, sign_ins, sessions, stops, law.humans,
        deputies=settings.deputies, contacts=contacts,
    )  # fmt: skip
    enrolled = enrolling(
        settings, store=store, clock=clock, entropy=entropy, keys=keys, directory=shown, words=words,
        mail=post, stops=stops, newcomers=ms.watching, humans=law.humans, contacts=contacts,
    )  # fmt: skip
    provings = Provings(
        store, clock, entropy, shown, attempts, book, stops, codes, vouchers, law=law, groups=groups,
        enrolled=enrolled.known,
    )  # fmt: skip
    issued = enrolled.proof(attempts, limits, book, stops, provings) if post else None
    video = settings.live_check.video_url
    entry = ProofEntry(
        store, clock, entropy, keys, shown, attempts, limits, book, stops, provings, codes, vouchers,
        sign_ins, video=bool(video),
    )  # fmt: skip
    checks = LiveChecks(
        store, clock, entropy, keys, shown, sign_ins, law.humans,
        agents=settings.groups.agents, video_url=video,
    )  # fmt: skip
    follow = FollowThrough(store, turns, ms.watching, clock, entropy, handovers, stops)
    talking = Talking(published, keys, entropy, ZoneInfo(settings.desk.timezone))
    case_pages = CasePageService(
        store, clock, entropy, turns, attempts, entry, provings,
        CaseViews(
            book, provings, limits, open_now=open_now, video_url=video, issued=issued, ways=law.ways,
            waits=queue.waits, thanks=queue.thanks,
            talk_of=talking.person_view,
        ),
        stops, limits, handovers, follow, issued,
    )  # fmt: skip

    # Deciding and doing
    requests = Requests(store, clock, entropy, keys, turns, book, law)
    halts.append(requests.halt)
    broken = outages_of(
        settings, store=store, clock=clock, entropy=entropy, turns=turns, attempts=attempts,
        requests=requests, directory=directory, learn=published.learn,
    )  # fmt: skip
    executions = Executions(store, clock, entropy, keys, law, requests, handovers)
    graph_acts = GraphActs(store, entropy, ms.acting, directory, executions, handovers)
    acts = Acts(store, clock, keys, law, ms.reader, attempts, requests, executions, graph_acts, holder=holder)
    reviews = ReviewService(
        store, clock, entropy, keys, law, ms.showing, shown, agents, requests, stops, sign_ins
    )
    withdrawals = Withdrawals(store, clock, entropy, ms.acting, directory, agents, handovers)
    card_views = CardViews(store, shown, published, clock, keys, law.policy, law.ways)
    dead = DeadLetterBox(store, turns, clock, entropy)
    desk = DeskService(
        store=store, clock=clock, entropy=entropy, directory=directory, flows=published, turns=turns,
        sessions=sessions, sign_ins=sign_ins, views=card_views, dead=dead, keys=keys,
        agents_group=settings.groups.agents, lines=queue.lines,
    )  # fmt: skip
    changes = LinkChanges(keys, entropy, stops)
    my_page = MyPageService(store, clock, sessions, sign_ins, directory, codes, keys, changes)
    linking = LinkingService(store, clock, entropy, keys, directory, sign_ins, changes)

    stand = standing(
        settings, store=store, clock=clock, entropy=entropy, keys=keys, law=law, directory=directory,
        sign_ins=sign_ins, attempts=attempts, stops=stops, turns=turns, published=published,
    )  # fmt: skip
    around = outside(settings, store=store, clock=clock, entropy=entropy, words=words)
    against = objecting(
        settings, store=store, clock=clock, entropy=entropy, keys=keys, words=words, mail=post, law=law,
        acting=ms.acting, directory=directory, agents=agents, stops=stops, handovers=handovers, links=changes,
        sign_ins=sign_ins, more=enrolled.stoppers, enrolled=enrolled.addresses.told,
    )  # fmt: skip
    cards = CardPerformers(keys)
    performers.update(
        {
            fx.OpenProof: [provings.open],
            fx.CloseProof: [provings.close],
            fx.OpenRequest: [broken.service.open],
            fx.CloseRequest: [requests.close, broken.service.close],
            fx.Watch: [follow.watch],
            fx.HandOff: [cards.hand_off],
            fx.CloseHandOff: [cards.close_hand_off],
            fx.Report: [stops.report],
            Opened: [broken.service.opened],
            fx.OpenFor: [stand.opening.open],
            fx.EndCase: [stand.opening.ended, cards.end, talking.over],
        }
    )
    for kind, those in (*queue.performers.items(), *around.performers.items()):
        performers[kind] = [*performers.get(kind, ()), *those]
    handlers.update({**stand.signed, **against.signed})
    back.update({**stand.back, **against.back})
    handlers.update(
        {
            Purpose.DESK: desk.signed_in,
            Purpose.ME: my_page.opened,
            Purpose.ENROL: my_page.enrolled,
            Purpose.ENROL_SLOW: my_page.enrolled,
            Purpose.WORKING_METHOD: entry.signed_in,
            Purpose.APPROVE: acts.signed,
            Purpose.CHECK: checks.signed,
            Purpose.VOUCH_OPEN: vouchers.opened,
            Purpose.VOUCH: vouchers.signed,
            Purpose.WITHDRAW: withdrawals.signed,
            Purpose.LINK: linking.signed,
        }
    )
    back.update(
        {
            Purpose.DESK: desk.back,
            Purpose.ME: lambda _: "/me",
            Purpose.ENROL: lambda _: "/me",
            Purpose.ENROL_SLOW: lambda _: "/me",
            Purpose.WORKING_METHOD: entry.back,
            Purpose.APPROVE: reviews.back,
            Purpose.CHECK: checks.back,
            Purpose.VOUCH_OPEN: vouchers.back,
            Purpose.VOUCH: vouchers.back,
            Purpose.WITHDRAW: lambda _: "/desk",
            Purpose.LINK: linking.back,
        }
    )

    # Chat and the outside
    returning = Returning(store, clock, keys, teams=(entra.tenant_id,))
    intake = IntakeService(
        store, turns, published, published, words, router, limits, vouchers, clock, entropy, keys,
        linking, talking, burn=codes.burn, thanks=queue.thanks, outages=broken.service,
        helping=stand.helpers.asked_of,
        returning=returning,
    )  # fmt: skip
    inside = entrance(
        settings, words=words, store=store, clock=clock, entropy=entropy, keys=keys, directory=shown,
        published=published, turns=turns, attempts=attempts, limits=limits, stops=stops,
    )  # fmt: skip
    looks = Looks(
        store,
        turns,
        directory,
        clock,
        entropy,
        open_now=open_now,
        rank_of=rank_reader(store, directory, law, clock, groups),
        agent_of=told_in(keys, ZoneInfo(settings.desk.timezone)),
    )
    chatting = wire(
        settings, store=store, clock=clock, entropy=entropy, keys=keys, words=words, published=published,
        directory=shown, glances=ms.glances, views=card_views, intake=intake,
        demo=demo,
    )  # fmt: skip
    outbox = Outbox(
        store, clock, entropy,
        {
            "say": chatting.speaking.handle,
            "look": looks.handle,
            "card": chatting.cards.handle,
            "talk": chatting.talks.handle,
            "code": enrolled.letters.handle,
            **against.handlers,
            "reconcile": withdrawals.reconcile,
            "return": returning.handle,
            "open_for": stand.opening.handle,
            **around.handlers,
        },
        holder=holder,
        when_dead={"look": looks.given_up},
    )  # fmt: skip
    timers = Timers(
        store, clock, entropy,
        {
            "step": broken.service.quiet(StepTimers(store, turns, clock, entropy).fire),
            "outage": broken.service.fire,
            "request": requests.fire,
            "handover": handovers.fire,
            "execution": acts.fire,
            "take": desk.fire,
            "watch": follow.fire,
            NEWCOMERS: enrolled.sweep.fire,
            "arrival": inside.callers.fire,
            "card": chatting.cards.fire,
            "talk": chatting.talks.fire,
        },
        holder=holder,
    )  # fmt: skip

    # Pages
    shell = shell_of(
        settings, words=words, sessions=sessions, entropy=entropy, templates=root / "templates",
        countries=countries, demo=demo,
    )  # fmt: skip
    polls = Polls(store)
    agent_talks = AgentTalks(
        store, clock, entropy, keys, talking, desk,
        members=Membership(directory, clock, settings.groups.agents),
        security=Membership(directory, clock, settings.groups.security),
        hosts=hosts_of(settings, security_info),
    )  # fmt: skip
    page_talks = PageTalks(store, clock, entropy, keys, attempts, talking, codes.burn)
    pages: list[Page] = [
        Health(store_answers(store), figures=figures_of(store, clock)),
        Callback(shell, sign_ins),
        *pages_of(
            inside,
            shell=shell,
            chat=chatting.web,
            intake=intake,
            links=chatting.links,
            polls=polls,
            entropy=entropy,
            cases=case_pages,
        ),
        CasePage(shell, case_pages, polls, security_info=security_info),
        ReviewPage(shell, reviews, checks, desk, polls, agent_talks),
        CaseTicket(shell, reviews, TicketNotes(store, clock, entropy)),
        TalkPage(shell, reviews, agent_talks, case_pages, page_talks, polls),
        Voucher(shell, vouchers),
        Me(shell, my_page, enrolled.my),
        LinkPage(shell, linking),
        *stand.pages(
            shell,
            chat=chatting.web,
            intake=intake,
            polls=polls,
            entropy=entropy,
            cases=case_pages,
            reviews=reviews,
            security_info=security_info,
        ),
        *against.pages(shell),
        *broken.pages(shell),
        DeskPage(shell, desk, polls),
        *queue_pages(
            settings,
            queue,
            shell,
            store=store,
            clock=clock,
            entropy=entropy,
            directory=directory,
            views=card_views,
            keys=keys,
        ),
    ]
    return Product(
        settings, store, keys, words, published, turns, router, intake, codes, shell, chatting, polls,
        outbox, timers, Sequencer(store, clock, holder=holder), acts, sign_ins, pages,
        [*ms.closing, *around.closing], [enrolled.sweep.begin],
    )  # fmt: skip


def mail_of(settings: Settings, clock: Clock) -> Mail | None:
    """The operator's mail server, imported only where there is one."""
    if settings.mail is None:
        return None
    from bot.adapters.mail.smtp import SmtpMail

    return SmtpMail(settings.mail, clock)
