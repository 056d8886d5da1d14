"""The words that come with the product: complete in English and German, and fit to be shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.core import inputs
from bot.core.effects import Refuse, Say, Tell
from bot.core.elements import MAX_LABEL
from bot.core.model import Command, Reason
from bot.core.outcomes import outcomes
from bot.core.tables import LOOKS, InputKind, Verb
from bot.flowfile.book import of_folder
from bot.flowfile.wording import LINKS, complaints, names_used
from bot.service.matching import folded
from bot.service.word_files import WordFiles, folder_files
from bot.service.words import Desk, Scene, WordService

ROOT = Path(__file__).parents[2]
LOCALES = ("en", "de")
SYSTEM = folder_files(ROOT / "templates", system=True)
FLOWS = folder_files(ROOT / "templates", system=False)
BOOK = of_folder(ROOT / "flows", ROOT / "templates")
CODE = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "bot").rglob("*.py")))
PAGES = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "templates/web").rglob("*.html"))
)
TELLS = sorted(
    {*re.findall(r'Tell\(\s*"([a-z_]+)"', CODE), *(f"invalid_{why}" for why in inputs.REASONS)}
    | {"sounds_like", "which", "reported", "unproven", "person"}
)
"""Every sentence of the bot's own: those named in the code, and those it makes a name for."""
NOTICES = sorted(
    {*re.findall(r'(?:notify_subject|notice_job)\([^)]*?, "([a-z_]+)"', CODE)} | {"codes_made", "code_burnt"}
)
KEYS = sorted(
    {
        *re.findall(r"\bt\('([a-z_]+\.[a-z_.]*[a-z0-9])'", PAGES),
        *re.findall(r'\.say\([a-z_.]+, "([a-z_]+\.[a-z_.]*[a-z0-9])"', CODE),
    }
)
BUTTONS = ("button_person", "button_not_me", "button_else", "button_menu", "button_resume", "button_cancel")


@pytest.fixture(scope="module")
def words() -> WordService:
    links = {name: f"https://keyturn.example/{name}" for name in LINKS}
    return WordService(WordFiles(SYSTEM), desk=Desk("+49 30 555 0100", "Mon to Fri, 8 to 18"), links=links)


def texts(path: str, source: str) -> dict[str, str]:
    """Every text of a words file by its dotted key; duplicate keys are an error."""

    class Strict(yaml.SafeLoader):
        pass

    def mapping(loader: Strict, node: yaml.MappingNode) -> dict[str, object]:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"{path}: a key stands twice: {sorted(keys)}"
        return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}

    Strict.add_constructor("tag:yaml.org,2002:map", mapping)
    found: dict[str, str] = {}

    def walk(node: object, at: str) -> None:
        if isinstance(node, dict):
            for key, below in node.items():
                walk(below, f"{at}.{key}" if at else key)
        elif not isinstance(node, list):
            found[at] = str(node)

    walk(yaml.load(source, Loader=Strict), "")
    return found


EVERY = {path: texts(path, source) for path, source in {**SYSTEM, **FLOWS}.items()}


@pytest.mark.parametrize("path", sorted(EVERY))
def test_every_text_can_be_run(path: str) -> None:
    """No forbidden construct, no address, no link outside the list."""
    assert {key: found for key, text in EVERY[path].items() if (found := complaints(text))} == {}


@pytest.mark.parametrize("path", sorted(path for path in EVERY if path.startswith("en/")))
def test_german_says_all_that_english_says(path: str) -> None:
    """The same keys, and the same values used in each."""
    english, german = EVERY[path], EVERY[f"de/{path.removeprefix('en/')}"]
    assert english.keys() == german.keys()
    for key, text in english.items():
        used = {(use.name, use.attributes) for use in names_used(text)}
        assert used == {(use.name, use.attributes) for use in names_used(german[key])}, key


def test_there_is_nothing_german_only() -> None:
    """English is what everybody falls back to."""
    assert {path.removeprefix("de/") for path in EVERY if path.startswith("de/")} <= {
        path.removeprefix("en/") for path in EVERY if path.startswith("en/")
    }


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("reason", list(Reason))
def test_every_refusal_has_its_sentence(words: WordService, reason: Reason, locale: str) -> None:
    """Nobody is told no without a reason and a way on, in chat or on a page."""
    message = words.render(Refuse(reason), WordFiles({}), Scene(locale, "c", "1"))
    assert message is not None
    assert message.locale == locale
    assert len(words.say(locale, f"reasons.{reason.value}")) <= 300


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", TELLS)
@pytest.mark.parametrize("number", ["", "471100"])
def test_the_bots_own_sentences_are_there(words: WordService, key: str, locale: str, number: str) -> None:
    """Inside a case and outside of one."""
    values = {"title": "New phone", "reference": "AB12CD34", "text": "Ann", "name": "Ann", "number": "1"}
    values |= {"names": "Ann", "what": "sign_in", "until": "09:30"}
    message = words.render(Tell(key, values), WordFiles({}), Scene(locale, "c", number))
    assert message is not None
    assert message.locale == locale


@pytest.mark.parametrize("locale", LOCALES)
def test_every_key_that_a_page_names_has_its_text(locale: str) -> None:
    """A page with a hole is found here, not by a person."""
    files = WordFiles(SYSTEM)
    assert len(KEYS) > 100
    missing = []
    for key in KEYS:
        area, *rest = key.split(".")
        found = files.find(locale, f"system/{area}", *rest)
        if found is None or found.locale != locale:
            missing.append(key)
    assert missing == []


@pytest.mark.parametrize("locale", LOCALES)
def test_labels_fit_on_buttons(words: WordService, locale: str) -> None:
    """A label that is cut off is a riddle."""
    for key in (*BUTTONS, "send", "case_link_button"):
        assert len(words.say(locale, f"common.{key}")) <= MAX_LABEL
    for kind in InputKind:
        assert words.say(locale, f"common.input.{kind.value}")
    flow_words = WordFiles(FLOWS)
    for name, file in BOOK.flows.items():
        assert len(words.title(flow_words, locale, name)) <= MAX_LABEL
        for step in file.flow.steps.values():
            for choice in step.choices:
                found = flow_words.find(locale, name, step.id, choice)
                assert found is not None
                assert found.locale == locale
                assert len(found.text) <= MAX_LABEL, found.text


@pytest.mark.parametrize("locale", LOCALES)
def test_two_buttons_of_a_question_never_look_alike(words: WordService, locale: str) -> None:
    """Typed words must be able to tell them apart."""
    flow_words = WordFiles(FLOWS)
    for name, file in BOOK.flows.items():
        for step in file.flow.steps.values():
            labels = [folded(words.label(flow_words, locale, name, step.id, one)) for one in step.choices]
            assert len(labels) == len(set(labels))


def slots(hostile: str = "Pixel 9") -> dict[str, object]:
    """Every value a text of a shipped flow may use."""
    values: dict[str, object] = {}
    for file in BOOK.flows.values():
        for step in file.flow.steps.values():
            fields = LOOKS[step.what].fields if step.verb is Verb.LOOK else ()
            values[step.id] = {"outcome": "ok", **{one: [hostile, hostile] for one in fields}}
    return values


@pytest.mark.parametrize("locale", LOCALES)
@given(hostile=st.text(max_size=50))
def test_everything_a_flow_can_say_can_be_shown(words: WordService, locale: str, hostile: str) -> None:
    """Each part of each step becomes a message in that language, whatever the values hold."""
    flow_words = WordFiles(FLOWS)
    for name, file in BOOK.flows.items():
        for step in file.flow.steps.values():
            for part in ("text", "invalid", "remind", *outcomes(step).possible):
                if flow_words.find(locale, name, step.id, part) is None:
                    continue
                effect = Say(name, step.id, part, 3, slots(hostile), choices=step.choices, link="case")
                message = words.render(effect, flow_words, Scene(locale, "c1", "471100"))
                assert message is not None
                assert message.locale == locale


@pytest.mark.parametrize("command", list(Command))
def test_every_command_can_be_said_in_every_language(words: WordService, command: Command) -> None:
    """Each has a word, and no word means two things."""
    for locale in LOCALES:
        listed = WordFiles(SYSTEM).lists("system/commands", command.value)
        said = [word for found, word in listed if found == locale]
        assert said
        assert all(words.command(word) == (command, "") for word in said)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("notice", NOTICES)
def test_notices_carry_the_case_number_and_no_link(words: WordService, notice: str, locale: str) -> None:
    """A mail tells, names our host as text, and leads nowhere."""
    values = {
        "host": "keyturn.example",
        "phone": "+49 30",
        "number": "471100",
        "at": "2026-01-05T09:00:00+00:00",
        **dict.fromkeys(("account", "mask", "device", "contact", "name", "helper"), "something"),
    }
    body = words.say(locale, f"notices.{notice}", **values, objection="ABCD-EFGH-JKMN")
    assert words.say(locale, f"notices.{notice}_subject", **values)
    assert "keyturn.example" in body
    assert "+49 30" in body
    assert "://" not in body
    assert "471100" in body or "ABCD" not in body


ASKING = re.compile(
    r"(?:send|tell|give|write|type|reply with|schicken|nennen|geben|schreiben)"
    r"\s+(?:me|us|here|mir|uns|hier)\b"
    r"[^.]*\b(?:password|code|pass|digits|passwort|ziffern)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("path", sorted(FLOWS))
def test_no_text_asks_for_a_secret_in_chat(path: str) -> None:
    """Whoever is asked for a code in chat is being cheated; we never train people to answer that."""
    assert [text for text in EVERY[path].values() if ASKING.search(text)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_help_says_that_nobody_asks_for_codes(words: WordService, locale: str) -> None:
    """The one sentence that protects people, wherever they ask for help."""
    message = words.render(Tell("help"), WordFiles({}), Scene(locale))
    assert message is not None
    assert re.search(r"never ask|frage im Chat nie", message.text())
