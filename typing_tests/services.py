"""Each service fits the port through which pages and other services know it."""

from __future__ import annotations

from collections.abc import Callable

from bot.core import effects as fx
from bot.core.ngram import NgramEncoder
from bot.ports.clock import Clock, Entropy
from bot.ports.demo import StartOver
from bot.ports.desk import DeadLetters, Desk
from bot.ports.flows import Flows
from bot.ports.intake import Intake
from bot.ports.my_page import MyPage
from bot.ports.outages import Outages
from bot.ports.reviews import Reviews
from bot.ports.routing import Encoder, Router
from bot.ports.saved_codes import SavedCodes
from bot.ports.sessions import Sessions
from bot.ports.turns import Performer, Turns
from bot.ports.vouchers import VoucherPages, Vouchers
from bot.ports.words import Words
from bot.service.cards import CardPerformers
from bot.service.chance import SystemClock, SystemEntropy
from bot.service.codes import CodeBook
from bot.service.dead_letters import DeadLetterBox
from bot.service.desk import DeskService
from bot.service.first_day import FirstDay
from bot.service.follow_through import FollowThrough
from bot.service.intake import IntakeService
from bot.service.my_page import MyPageService
from bot.service.outages import OutageService
from bot.service.proving import Provings
from bot.service.published import PublishedFlows
from bot.service.requests import Requests
from bot.service.reviews import ReviewService
from bot.service.routing import ExampleRouter
from bot.service.sessions import SessionService
from bot.service.stops import Stops
from bot.service.turns import TurnService
from bot.service.vouchers import VoucherService
from bot.service.words import WordService


def chance(clock: SystemClock, entropy: SystemEntropy) -> tuple[Clock, Entropy]:
    return clock, entropy


def turns(it: TurnService) -> Turns:
    return it


def flows(it: PublishedFlows) -> Flows:
    return it


def words(it: WordService) -> Words:
    return it


def intake(it: IntakeService) -> Intake:
    return it


def routing(
    router: ExampleRouter, encoder: Callable[[], NgramEncoder]
) -> tuple[Router, Callable[[], Encoder]]:
    return router, encoder


def sessions(it: SessionService) -> Sessions:
    return it


def saved_codes(it: CodeBook) -> SavedCodes:
    return it


def my_page(it: MyPageService) -> MyPage:
    return it


def vouching(it: VoucherService) -> tuple[Vouchers, VoucherPages]:
    return it, it


def reviews(it: ReviewService) -> Reviews:
    return it


def desk(it: DeskService, dead: DeadLetterBox) -> tuple[Desk, DeadLetters]:
    return it, dead


def start_over(it: FirstDay) -> StartOver:
    return it


def performers(
    provings: Provings, requests: Requests, follow: FollowThrough, cards: CardPerformers, stops: Stops
) -> tuple[object, ...]:
    opening: Performer[fx.OpenProof] = provings.open
    closing: Performer[fx.CloseProof] = provings.close
    asking: Performer[fx.OpenRequest] = requests.open
    withdrawing: Performer[fx.CloseRequest] = requests.close
    watching: Performer[fx.Watch] = follow.watch
    handing: Performer[fx.HandOff] = cards.hand_off
    taking_back: Performer[fx.CloseHandOff] = cards.close_hand_off
    reporting: Performer[fx.Report] = stops.report
    ending: Performer[fx.EndCase] = cards.end
    return opening, closing, asking, withdrawing, watching, handing, taking_back, reporting, ending


def outages(it: OutageService) -> Outages:
    pausing: Performer[fx.OpenRequest] = it.open
    dropping: Performer[fx.CloseRequest] = it.close
    assert pausing
    assert dropping
    return it
