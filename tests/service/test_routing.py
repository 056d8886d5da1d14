"""Routing: what typed words are offered, with the shipped examples and the built-in encoder."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.ngram import COLUMNS, Material, NgramEncoder, fitted
from bot.core.suspicion import alarming
from bot.ports.routing import Action, RouteResult
from bot.service.routing import (
    ERRORS,
    PERSON,
    ExampleRouter,
    Examples,
    _Model,
    digest_of,
    examples_of,
    fit,
    folder_examples,
    routed,
)
from tests.fakes.product import shipped

ROOT = Path(__file__).parents[2]
FLOWS = ("new_phone",)
EXAMPLES = folder_examples(ROOT / "flows")
ENCODER = NgramEncoder()


@pytest.fixture(scope="module")
def model() -> _Model:
    return fit_once()


def route(model: _Model, text: str, flows: tuple[str, ...] = FLOWS) -> RouteResult:
    return routed(ENCODER, model, text, flows)


@pytest.mark.parametrize("text", EXAMPLES["new_phone"])
def test_every_example_of_a_shipped_flow_is_offered_that_flow(model: _Model, text: str) -> None:
    """In six languages, as people say it."""
    result = route(model, text)
    assert result.action in (Action.START, Action.CHOOSE)
    assert result.flows[0] == "new_phone"


@pytest.mark.parametrize("text", EXAMPLES["new_phone"])
def test_the_model_knows_it_without_the_list_of_exact_words(model: _Model, text: str) -> None:
    """A spelling mistake must not be the end of it."""
    result = route(model, text + " ,please ok")
    assert "new_phone" in result.flows
    assert result.action in (Action.START, Action.CHOOSE)


@pytest.mark.parametrize(
    "text",
    ["my phoen is new", "I got a brand new pixel", "ich hab ein neues handy", "changed phones last week",
     "the authenticator app on my new mobile does not have my account", "NEW IPHONE!!!", "neues iPhone da"],
)  # fmt: skip
def test_new_phones_are_understood_in_other_words(model: _Model, text: str) -> None:
    """Words that are in no example."""
    assert route(model, text).flows == FLOWS
    assert route(model, text).action in (Action.START, Action.CHOOSE)


@pytest.mark.parametrize("text", EXAMPLES["suspicious_activity"])
def test_every_example_of_something_wrong_is_an_alarm(model: _Model, text: str) -> None:
    """Never started as a flow, never shown as a mere menu."""
    assert route(model, text).action is Action.ALARM


OFFERED = tuple(name for name, version in shipped().items() if version.offered)


@pytest.mark.parametrize("flow", [name for name in OFFERED if name != PERSON])
def test_every_flow_is_found_by_what_people_say(model: _Model, flow: str) -> None:
    """With all flows there: each example offers its own flow first, and among the three when misspelt.
    At least twelve in English and eight in German teach each."""
    for text in EXAMPLES[flow]:
        assert route(model, text, OFFERED).flows[:1] == (flow,), text
        assert flow in route(model, text + " ,please ok", OFFERED).flows, text
    for locale, least in (("en", 12), ("de", 8)):
        assert len((ROOT / "flows" / "examples" / locale / f"{flow}.txt").read_text().splitlines()) >= least


WRONG = [
    "I never requested this code", "someone logged in as me", "I am getting spammed with prompts",
    "my account is being used by someone else", "I think I was phished", "strange login from Russia",
    "there is a device I don't recognize", "a man called and wanted my code", "ich glaube ich wurde gehackt",
    "da ist ein fremdes Gerät", "jemand hat mein Konto übernommen", "no fui yo", "ce n'était pas moi",
    "ich habe auf einen Phishing Link geklickt", "I accidentally approved a request", "não fui eu",
    "I didn't try to sign in", "my password was leaked", "身に覚えのないサインイン", "I got hacked",
]  # fmt: skip
"""Said in words that are no example."""
EVERYDAY = [
    "wo bin ich", "was soll ich tun", "ich komme nicht weiter", "maybe later", "it works", "es klappt",
    "I am waiting", "was kannst du", "can you help me", "my computer is broken", "ich sehe nichts",
    "my battery died", "what is a case number", "I am at the airport", "ich bin im Homeoffice",
    "my manager is away", "ich habe keine Codes", "I lost my list of codes", "how do I print them",
    "neuer Laptop", "ich will nach Hause", "I pressed the wrong button", "noch einmal bitte", "hello?",
]  # fmt: skip


def test_most_of_what_is_wrong_is_heard_in_other_words_too(model: _Model) -> None:
    """A detector, not a promise: nine in ten are heard, at one false alarm in ten at most."""
    heard = [text for text in WRONG if route(model, text).action is Action.ALARM]
    rung = [text for text in EVERYDAY if route(model, text).action is Action.ALARM]
    assert len(heard) >= 0.9 * len(WRONG), sorted(set(WRONG) - set(heard))
    assert len(rung) <= 0.1 * len(EVERYDAY), rung


@pytest.mark.parametrize("text", EXAMPLES["talk_to_human"])
def test_whoever_wants_a_person_gets_one(model: _Model, text: str) -> None:
    """No second question."""
    assert route(model, text).action is Action.PERSON


def test_no_example_of_another_label_is_an_alarm(model: _Model) -> None:
    """An alarm that rings all day is not heard."""
    others = [text for label, texts in EXAMPLES.items() if label != "suspicious_activity" for text in texts]
    assert [text for text in others if route(model, text).action is Action.ALARM] == []


@pytest.mark.parametrize(
    "text",
    ["I have a new phone and that sign-in was not me", "got a new phone, but someone hacked my account",
     "neues Handy, und die Anmeldung gestern, das war ich nicht"],
)  # fmt: skip
def test_an_alarm_is_never_dismissed(model: _Model, text: str) -> None:
    """Whatever else the words are about; the flow is still offered below."""
    result = route(model, text)
    assert result.action is Action.ALARM


def test_a_label_without_a_flow_shows_the_menu(model: _Model) -> None:
    """We do not pretend to help with what we cannot."""
    for label in ("forgot_password", "app_password", "out_of_scope"):
        assert all(route(model, text).action is Action.MENU for text in EXAMPLES[label])
    assert route(model, EXAMPLES["new_phone"][0], ()).action is Action.MENU
    assert route(model, EXAMPLES["forgot_password"][0], ("forgot_password",)).action is Action.START


@pytest.mark.parametrize("text", ["", " ", "!!!", "qwertz uiop", "\u202e", "x" * 10_000])
def test_what_says_nothing_shows_the_menu(model: _Model, text: str) -> None:
    """Below a floor nothing is guessed."""
    assert route(model, text).action in (Action.MENU, Action.CHOOSE)


@pytest.mark.parametrize(
    ("text", "label"),
    [("AADSTS50053", "locked_out"), ("error code: 50126", "forgot_password"), ("500121", "no_prompt"),
     ("I see AADSTS50079: due to a change", "setup_mfa"), ("Fehler 50055", "forgot_password")],
)  # fmt: skip
def test_error_codes_are_known_by_number(model: _Model, text: str, label: str) -> None:
    """People copy what the page shows."""
    result = route(model, text)
    assert (result.label, result.p) == (label, 1.0)


def test_a_number_that_is_no_error_is_left_to_the_model(model: _Model) -> None:
    """Case numbers and years are no error codes."""
    assert route(model, "my case is 500531").p < 1
    assert all(label in EXAMPLES for label in ERRORS.values())


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)  # the first example may wait for a fit
def test_routing_is_total_and_says_probabilities(text: str) -> None:
    """Any text has an answer; the three likeliest come in order."""
    result = route(fit_once(), text)
    chances = [p for _, p in result.top]
    assert len(chances) == 3
    assert chances == sorted(chances, reverse=True)
    assert 0 <= chances[-1] <= chances[0] <= 1.0001
    assert set(result.flows) <= set(FLOWS)


@cache
def fit_once() -> _Model:
    return fit(ENCODER, EXAMPLES)


async def test_the_model_is_made_once_and_off_the_event_loop() -> None:
    """Two first messages at once wait for the same fit."""
    made: list[int] = []

    class Counting(NgramEncoder):
        def encode(self, texts):  # type: ignore[no-untyped-def]
            made.append(len(texts))
            return super().encode(texts)

    router = ExampleRouter(Counting(), EXAMPLES, lambda: FLOWS)
    one, two = await asyncio.gather(router.route("new phone"), router.route("neues Handy", "de"))
    assert one.flows == two.flows == FLOWS
    assert [count for count in made if count > 1] == [sum(map(len, EXAMPLES.values()))]


async def test_new_examples_are_learnt() -> None:
    """A published flow is offered without a restart; the same examples cost nothing."""
    router = ExampleRouter(ENCODER, EXAMPLES, lambda: ("badge", "new_phone"))
    more: Examples = {
        **EXAMPLES,
        "badge": ("My badge does not open the door", "New badge please", "Badge broken"),
    }
    assert (await router.route("my badge is broken")).flows[:1] != ("badge",)
    await router.learn(more)
    assert (await router.route("my badge is broken")).flows[:1] == ("badge",)


def test_a_model_is_named_by_what_it_is_made_of() -> None:
    """The same examples in another order of files are the same model."""
    same = dict(reversed(list(EXAMPLES.items())))
    assert digest_of(ENCODER, EXAMPLES) == digest_of(ENCODER, same)
    assert digest_of(ENCODER, EXAMPLES) != digest_of(ENCODER, {**EXAMPLES, "x": ("y",)})


def test_two_fits_are_the_same_fit() -> None:
    """No randomness: what was offered yesterday is offered today."""
    rows = ENCODER.encode([text for texts in EXAMPLES.values() for text in texts])
    labels = [label for label, texts in EXAMPLES.items() for _ in texts]
    assert np.array_equal(
        fitted(Material.of(rows), labels).weights, fitted(Material.of(rows), labels).weights
    )


def test_vectors_have_length_one_and_do_not_depend_on_their_neighbours() -> None:
    """What is kept of a text must be the same on every machine and every day."""
    rows = ENCODER.encode(["New phone", "", "neues Handy", "新しいスマートフォン"])
    assert rows.shape == (4, COLUMNS)
    assert np.allclose(np.linalg.norm(rows, axis=1), [1, 0, 1, 1], atol=1e-5)
    assert np.array_equal(rows[2], ENCODER.encode(["neues Handy"])[0])


def test_examples_are_lines_and_comments_are_not() -> None:
    """An author's file: one text a line, in any language."""
    files = {
        "flows/examples/en/a.txt": "# hello\none\n\n two \none\n",
        "flows/examples/de/a.txt": "drei",
        "x.yaml": "no",
    }
    assert examples_of(files) == {"a": ("drei", "one", "two")}


@pytest.mark.parametrize(
    "text", ["My phone was stolen", "I did not receive the SMS code", "nicht angekommen"]
)
def test_everyday_trouble_is_no_alarm(text: str) -> None:
    """The list of sayings is about other people at work, not about things that do not work."""
    assert not alarming(text)


def test_each_label_is_an_example_once() -> None:
    """One sentence cannot mean two things."""
    seen: dict[str, str] = {}
    for label, texts in EXAMPLES.items():
        for text in texts:
            assert seen.setdefault(text.casefold(), label) == label
