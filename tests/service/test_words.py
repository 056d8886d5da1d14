"""Words: from an effect to a message, with values that can only ever be text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from bot.core import elements as el
from bot.core.choice import StepChoice, StepForm, parse
from bot.core.effects import Refuse, Say, Tell
from bot.core.message import Message
from bot.core.model import Command, Reason
from bot.core.text import clean
from bot.service.word_files import WordFiles
from bot.service.words import Desk, Scene, WordService

SYSTEM = {
    "en/system/common.yaml": """
also: "Also: back."
choose: "Choose one"
send: "Send"
input: {text: "Answer", date: "Day"}
invalid: "Again, please."
remind: "Still there?"
unworded: "One moment."
in_english: "Shown in English."
case_link: "Type **{{ case.number }}**"
case_link_button: "Open"
cancelled: "Stopped, {{ name }}."
""",
    "en/system/reasons.yaml": "stale: An old button.",
    "en/system/commands.yaml": 'languages: ["English"]\nback: ["go back"]\nperson: ["human", "a person"]',
    "en/system/page.yaml": """
count: "{{ n }} {{ n | plural('code', 'codes') }}"
at: "{{ at | date }}, {{ at | time }}"
wait: "{{ s | duration }}"
nested: {deep: "Hello {{ name }}"}
only: "English only"
""",
    "de/system/common.yaml": """
cancelled: "Beendet, {{ name }}."
in_english: "Auf Englisch."
also: "Auch: zurück."
""",
    "de/system/commands.yaml": 'languages: ["Deutsch"]\nback: ["zurück"]',
    "de/system/page.yaml": 'at: "{{ at | date }}"\nwait: "{{ s | duration }}"',
}
TEMPLATES = Path(__file__).parents[2] / "templates"
FLOW = {
    "templates/en/demo.yaml": """
flow: {title: "Demo"}
ask: {text: "Hi **{{ name }}**, see [info](security_info)?", yes: "Yes, please", no: "No", ok: "Fine"}
all: |
  # Title {{ name }}

  One *{{ name }}* and `{{ name }}` and [a {{ name }}](security_info).
  Next line.

  1. First {{ name }}
  2. Second

  - {{ name }}
  - two

  ---

  > Quiet {{ name }}

  ```
  code {{ name }}
  ```

  ![A picture of {{ name }}](security_info)

  [bad](javascript:alert) <b>html</b> &amp; https://evil.example www.evil.example
if: "{% if duty.agents > 1 %}many{% else %}few{% endif %}"
bare: {yes: "Yes"}
""",
    "templates/de/demo.yaml": 'ask: {text: "Hallo {{ name }}", yes: "Ja"}',
}
LINKS = {"security_info": "https://example.org/info"}
HOSTILE = [
    "", " ", "**bold**", "*x*", "`", "```", "# Title", "1. one", "- x", "> q", "---", "\n\n# new",
    "\n\n1. a\n2. b", "[x](security_info)", "](security_info)", "![x](security_info)", "&lt;", "<b>",
    "<script>alert(1)</script>", "{{ case.number }}", "{% if x %}", "\\", "\\*", "a\u202eb", "a\u200bb",
    "\ue000\ue141\ue001", "\ue001", "\x00", "https://evil.example", "__x__", "|", "~~x~~", "x" * 5000,
    "\r\n\r\n", "\t", "]", "*", "**", "_", "%7B",
]  # fmt: skip


@pytest.fixture
def words() -> WordService:
    return WordService(WordFiles(SYSTEM), desk=Desk("+1 555 0100", "8 to 6"), links=LINKS)


@pytest.fixture
def files() -> WordFiles:
    return WordFiles(FLOW)


EN = Scene("en", "c1", "471100")
DE = Scene("de", "c1", "471100")


def said(message: Message | None) -> Message:
    assert message is not None
    return message


def shape(value: Any) -> Any:
    """A message with every text that came from a value taken out."""
    if isinstance(value, dict):
        if value.get("foreign"):
            return {**value, "text": "?"}
        return {name: shape(one) for name, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else value


def flat(message: Message) -> Any:
    """As `shape`, for elements that hold one text: only their kinds count."""
    return [
        one if one["is"] in ("Paragraph", "Steps") else {"is": one["is"], "divider": one.get("divider")}
        for one in shape(message.to_json())["elements"]
    ]


@given(st.text() | st.sampled_from(HOSTILE))
def test_no_value_changes_the_shape_of_a_message(value: str) -> None:
    """A name cannot become bold, a link, a heading, a list item or a message of its own."""
    words, files = WordService(WordFiles(SYSTEM), desk=Desk("1", "2"), links=LINKS), WordFiles(FLOW)
    plain = said(words.render(Say("demo", "all", "text", 1, {"name": "Ann"}), files, EN))
    other = said(words.render(Say("demo", "all", "text", 1, {"name": value}), files, EN))
    if clean(value):
        assert flat(other) == flat(plain)
    else:  # a value of nothing is no span; nothing else may differ
        kinds = [type(one) for one in plain.elements]
        assert [type(one) for one in other.elements] == kinds


def test_light_markdown_becomes_elements(words: WordService, files: WordFiles) -> None:
    """Every construct that authors may use, in order."""
    message = said(words.render(Say("demo", "all", "text", 1, {"name": "Ann"}), files, EN))
    kinds = [type(one).__name__ for one in message.elements]
    assert kinds == ["Heading", "Paragraph", "Steps", "Paragraph", "Status", "Code", "Image", "Paragraph"]
    heading, paragraph, steps, points, status, code, image, rest = message.elements
    assert heading == el.Heading("Title Ann")
    link = el.Link("https://example.org/info")
    assert isinstance(paragraph, el.Paragraph)
    assert paragraph.spans == (
        el.Span("One "),
        el.Span("Ann", italic=True, foreign=True),
        el.Span(" and "),
        el.Span("Ann", code=True, foreign=True),
        el.Span(" and "),
        el.Span("a ", link=link),
        el.Span("Ann", link=link, foreign=True),
        el.Span("."),
        el.Span(" "),
        el.Span("Next line."),
    )
    assert steps == el.Steps(((el.Span("First "), el.Span("Ann", foreign=True)), (el.Span("Second"),)))
    assert isinstance(points, el.Paragraph)
    assert el.plain(points.spans) == "• Ann\n• two"
    assert status == el.Status("Quiet Ann", divider=True)
    assert code == el.Code("code Ann")
    assert image == el.Image(link, "A picture of Ann")
    assert isinstance(rest, el.Paragraph)
    assert (
        el.plain(rest.spans)
        == "[bad](javascript:alert) <b>html</b> &amp; https://evil.example www.evil.example"
    )
    assert not any(span.link for span in rest.spans)


def test_a_question_has_its_buttons(words: WordService, files: WordFiles) -> None:
    """Buttons say the author's words and carry case, step and version."""
    effect = Say("demo", "ask", "text", 4, {"name": "Ann"}, choices=("yes", "no"), link="case")
    message = said(words.render(effect, files, EN))
    assert [choice.label for choice in message.choices()] == ["Yes, please", "No"]
    assert parse(message.choices()[0].id) == StepChoice("c1", "ask", 4, "yes")
    assert [button.link for button in message.links()] == [el.Link(reference="case:c1")]
    assert "471100" in message.text()
    assert message.fallback == "Hi Ann, see info? Type 471100"


def test_more_choices_than_buttons_become_a_list(words: WordService, files: WordFiles) -> None:
    """Five buttons at most; six choices are a list with its own button."""
    many = ("yes", "no", "three", "four", "five", "six")
    message = said(words.render(Say("demo", "ask", "text", 4, {"name": "A"}, choices=many), files, EN))
    select = next(one for one in message.elements if isinstance(one, el.Select))
    assert [option.value for option in select.options] == list(many)
    assert parse(select.submit.id) == StepForm("c1", "ask", 4)


@pytest.mark.parametrize(("kind", "element"), [("text", el.TextInput), ("date", el.DateInput)])
def test_an_input_has_its_field(words: WordService, files: WordFiles, kind: str, element: type) -> None:
    """What may be typed is typed into a field that says what it wants."""
    message = said(words.render(Say("demo", "ask", "text", 2, {"name": "A"}, asks=kind), files, EN))
    assert any(isinstance(one, element) for one in message.elements)
    assert parse(message.choices()[0].id) == StepForm("c1", "ask", 2)


def test_what_has_no_words_is_passed_in_silence_or_said_in_ours(words: WordService, files: WordFiles) -> None:
    """Outcomes may be silent; questions, second tries and reminders never are."""
    assert words.render(Say("demo", "ask", "timeout", 1, {}), files, EN) is None
    assert said(words.render(Say("demo", "ask", "invalid", 1), files, EN)).text() == "Again, please."
    assert said(words.render(Say("demo", "ask", "remind", 1), files, EN)).text() == "Still there?"
    assert said(words.render(Say("demo", "bare", "text", 1), files, EN)).text() == "One moment."


def test_conditions_read_values(words: WordService, files: WordFiles) -> None:
    """A text may depend on what a look found."""
    assert (
        said(words.render(Say("demo", "if", "text", 1, {"duty": {"agents": 2}}), files, EN)).text() == "many"
    )
    assert (
        said(words.render(Say("demo", "if", "text", 1, {"duty": {"agents": 1}}), files, EN)).text() == "few"
    )


def test_an_undefined_word_is_an_error_and_never_an_empty_hole(words: WordService, files: WordFiles) -> None:
    """The linter promises it cannot happen; if it does, nothing half-said is sent."""
    with pytest.raises(UndefinedError):
        words.render(Say("demo", "ask", "text", 1, {}), files, EN)


def test_a_missing_language_is_english_and_says_so(words: WordService, files: WordFiles) -> None:
    """Nobody is left without words; nobody wonders why the language changed."""
    german = said(words.render(Say("demo", "ask", "text", 1, {"name": "Ann"}), files, DE))
    assert (german.text(), german.locale) == ("Hallo Ann", "de")
    english = said(words.render(Say("demo", "if", "text", 1, {"duty": {"agents": 1}}), files, DE))
    assert english.locale == "en"
    assert english.text() == "few\nAuf Englisch."
    assert said(words.render(Tell("cancelled", {"name": "X"}), files, Scene("de-AT"))).text() == "Beendet, X."
    assert said(words.render(Tell("cancelled", {"name": "X"}), files, Scene("pt"))).locale == "en"


def test_refusals_and_the_engines_sentences_have_words(words: WordService, files: WordFiles) -> None:
    """A refusal is a sentence of the person's language, never a code."""
    assert said(words.render(Refuse(Reason.STALE), files, EN)).text() == "An old button."
    with pytest.raises(KeyError):
        words.render(Tell("nonsense"), files, EN)


def test_many_buttons_stand_in_even_rows(words: WordService) -> None:
    """Five in a row is what every channel can show; six are two rows of three."""
    six = [el.Choice(f"start:f{n}", f"Flow {n}") for n in range(6)]
    message = words.tell(EN, "reasons.stale", choices=six)
    assert [len(one.choices) for one in message.elements if isinstance(one, el.Buttons)] == [3, 3]
    assert list(message.choices()) == six
    assert words.tell(EN, "reasons.stale").choices() == ()


def test_plain_texts_for_pages(words: WordService) -> None:
    """Plural, dates, times and spans in the language; values cleaned, not interpreted."""
    assert words.say("en", "page.count", n=1) == "1 code"
    assert words.say("en", "page.count", n=10) == "10 codes"
    at = "2026-03-05T14:05:00+00:00"
    assert words.say("en", "page.at", at=at) == "5 March 2026, 14:05 UTC"
    assert words.say("de", "page.at", at=at) == "5. März 2026"
    assert words.say("en", "page.wait", s=3900) == "1 hour 5 minutes"
    assert words.say("de", "page.wait", s=60) == "1 Minute"
    assert words.say("de", "page.only") == "English only"
    assert words.say("en", "page.nested.deep", name="*Ann*\u202e<b>") == "Hello *Ann*⟨U+202E⟩<b>"
    with pytest.raises(KeyError):
        words.say("en", "page.nothing")
    with pytest.raises(KeyError):
        words.say("en", "page.nested")


@pytest.mark.parametrize(
    ("typed", "choice"),
    [("Yes, please", "yes"), ("yes please!!", "yes"), ("YES", "yes"), ("1", "yes"), ("2.", "no"),
     ("no", "no"), ("yes, pl", "yes"), ("3", None), ("0", None), ("maybe", None), ("", None), ("?!", None),
     ("ye", None)],
)  # fmt: skip
def test_typed_words_are_matched_to_buttons(
    words: WordService, files: WordFiles, typed: str, choice: str | None
) -> None:
    """Case, spaces and punctuation do not matter; numbers and clear beginnings count."""
    assert words.matched(files, "en", "demo", "ask", ("yes", "no"), typed) == choice


def test_a_beginning_that_fits_two_buttons_is_none(words: WordService) -> None:
    """Better to ask again than to guess."""
    files = WordFiles({"en/f.yaml": 'a: {text: "x", one: "Phone lost", two: "Phone broken"}'})
    assert words.matched(files, "en", "f", "a", ("one", "two"), "phone") is None
    assert words.matched(files, "en", "f", "a", ("one", "two"), "phone l") == "one"


@pytest.mark.parametrize(
    ("typed", "command"),
    [("go back", (Command.BACK, "")), ("ZURÜCK!", (Command.BACK, "")), ("deutsch", (Command.LANGUAGE, "de")),
     ("a person", (Command.PERSON, "")), ("back to work", None), ("", None)],
)  # fmt: skip
def test_commands_are_understood_in_every_language(
    words: WordService, typed: str, command: tuple[Command, str] | None
) -> None:
    """Somebody in a hurry writes in their own language, whatever the chat's is."""
    assert words.command(typed) == command


def test_a_manager_confirms_with_a_word_and_a_number(words: WordService) -> None:
    """The word is on the list of commands, the number has six digits."""
    assert words.confirmed("confirm 482913") is None  # not on this list
    shipped = WordService(WordFiles.of_folder(TEMPLATES), desk=Desk("1", "2"), links={})
    assert shipped.confirmed("Confirm 482913!") == "482913"
    assert shipped.confirmed("bestätigen 482913") == "482913"
    assert shipped.confirmed("confirm 48291") is None
    assert shipped.confirmed("confirm ４８２９１３") == "482913"
    assert shipped.locales == ("en", "de")


def test_what_a_folder_holds_can_be_listed() -> None:
    """Files by language, keys by file; what is no words file is passed over."""
    files = WordFiles(
        {**SYSTEM, "en/system/bad.txt": "x", "notes/x.yaml": "a: b", "en/system/list.yaml": "a: [b]"}
    )
    assert files.locales == ("en", "de")
    assert "system/page" in files.names("de")
    assert files.keys("de", "system/page") == {"at", "wait"}
    assert files.keys("de", "system/nothing") == frozenset()
    assert list(files.lists("system/list", "a")) == [("en", "b")]
    assert files.find("en", "system/list", "a") is None


def test_what_does_not_fit_is_cut_where_it_hurts_least(words: WordService) -> None:
    """Twelve thousand characters at most; buttons stay."""
    long = "\\n\\n".join(["word " * 550] * 6)
    files = WordFiles({"en/f.yaml": f'a: {{text: "{long}", yes: "Yes"}}'})
    message = said(words.render(Say("f", "a", "text", 1, choices=("yes",)), files, EN))
    assert [choice.label for choice in message.choices()] == ["Yes"]
    assert len(message.elements) == 5
    assert (
        words.render(
            Say("g", "a", "text", 1), WordFiles({"en/g.yaml": 'a: "{% if false %}x{% endif %}"'}), EN
        )
        is None
    )


def test_words_of_a_flow_are_read_once(words: WordService) -> None:
    """A version's words never change, so they are kept."""
    asked: list[int] = []

    def read() -> dict[str, str]:
        asked.append(1)
        return FLOW

    assert words.flow("hash", read) is words.flow("hash", read)
    assert len(asked) == 1
