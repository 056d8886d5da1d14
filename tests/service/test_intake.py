"""Intake: what a chat message becomes, what is kept of it, and what never is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core import effects as fx
from bot.core.audit import Tag
from bot.core.elements import TextInput
from bot.core.events import Entered
from bot.core.model import Place, Reason
from bot.core.records import (
    AuditRow,
    Card,
    Case,
    ChatRow,
    Check,
    Execution,
    FlowAlias,
    FlowVersion,
    SavedCode,
)
from bot.errors import TransientError
from bot.flowfile.versions import Version, from_folder
from bot.ports.routing import Action, RouteResult
from bot.service.codes import grouped, plain
from tests.fakes.product import Whole, choices

ASKS = """
flow: asks
start: model
defaults: {within: 20m, max_visits: 3, on: {timeout: idle, exhausted: idle}}
steps:
  model: {input: text, on: {ok: sure}}
  sure: {ask: ["yes", "no"], on: {"yes": done, "no": model}}
  done: {end: done}
  idle: {end: idle}
"""
WORDS = """
flow: {title: "Asks"}
model: {text: "Which one?"}
sure: {text: "Sure?", "yes": "Yes, sure", "no": "No"}
"""
CODE = "ABCDE-FGHIJ-KLMNO-PQRST-UVWXY-Z"


@pytest.fixture
def asks(tmp_path: Path) -> dict[str, Version]:
    """A flow with a typed question."""
    for place, text in {"flows/asks.yaml": ASKS, "templates/en/asks.yaml": WORDS}.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
    return from_folder(tmp_path / "flows", tmp_path / "templates")


async def opened(whole: Whole, person: str = "employee", flow: str = "new_phone") -> Case:
    await whole.press(f"start:{flow}", person)
    return await whole.case(person)


def kept(whole: Whole, text: str) -> bool:
    """Whether *text* lies anywhere on the product's disk."""
    return text.encode() in whole.at_rest()


# --- once, and never lost ---------------------------------------------------------------------------


async def test_a_duplicate_gets_the_stored_reply(whole: Whole) -> None:
    """A message that the platform delivers twice starts one case and is answered once."""
    message = whole.incoming(choice="start:new_phone")
    first = await whole.product.intake.receive(message)
    assert await whole.product.intake.receive(message) == first
    await whole.settle()
    assert len(await whole.rows(Case)) == 1
    assert len(await whole.shown()) == 1


async def test_two_clicks_at_once_start_one_case(whole: Whole) -> None:
    """The second finds the first's case and says so."""
    await whole.press("start:new_phone")
    await whole.press("start:new_phone")
    assert len(await whole.rows(Case)) == 1
    assert "something under way" in (await whole.last()).fallback


@pytest.mark.parametrize("what", [{"text": "hello"}, {"choice": "start:new_phone"}])
async def test_a_bug_before_or_inside_the_turn_leaves_a_failed_event_and_a_friendly_line(
    whole: Whole, what: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No message is lost, nothing is half done, and the log has no text of anybody's."""

    async def broken(text: str, locale: str = "") -> RouteResult:
        raise ValueError(f"cannot read {text}")

    def boom(*_: Any) -> tuple[()]:
        raise ValueError("canary")

    monkeypatch.setattr(
        whole.product.intake._meaning, "_router", type("R", (), {"route": staticmethod(broken)})
    )
    whole.product.turns._performers[fx.StartTimer] = [boom]
    message = whole.incoming(**what)
    reply = await whole.product.intake.receive(message)
    await whole.settle()
    (row,) = await whole.events()
    assert (row.status, row.error, row.dedupe_key) == ("failed", "ValueError", message.dedupe_key)
    assert await whole.rows(Case) == []
    assert reply["failed"] in (await whole.last()).fallback
    assert Tag.EVENT_FAILED.value in await whole.tags()
    assert "canary" not in caplog.text
    assert "hello" not in caplog.text
    assert await whole.product.intake.receive(message) == reply


async def test_a_failed_press_in_a_case_can_be_retried_by_an_operator(whole: Whole) -> None:
    """The failed event is the press itself, of its case."""
    case = await opened(whole)
    whole.product.turns._performers[fx.Look] = [lambda *_: 1 / 0]
    await whole.press(await whole.button(":gone"))
    (row,) = await whole.events(status="failed")
    assert (row.case_id, row.kind, row.body["choice"]) == (case.id, "Chose", "gone")
    assert await whole.case() == case


async def test_a_store_that_is_away_is_said_to_the_channel(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It delivers again with the same key."""

    async def away(fn: Any) -> Any:
        raise TransientError("away")

    message = whole.incoming(choice="start:new_phone")
    with monkeypatch.context() as patch:
        patch.setattr(whole.store, "transact", away)
        with pytest.raises(TransientError):
            await whole.product.intake.receive(message)
    assert (await whole.product.intake.receive(message))["case"]


# --- whose, and how old -----------------------------------------------------------------------------


async def test_a_button_of_another_chat_is_not_yours(whole: Whole) -> None:
    """A forwarded message, a guessed id: the press does nothing, in either chat."""
    case = await opened(whole)
    stolen = await whole.button(":gone")
    assert (await whole.press(stolen, "deputy"))["refused"] == "not_yours"
    assert await whole.case() == case
    assert "another chat" in (await whole.last("deputy")).fallback


async def test_the_same_person_in_another_tenant_is_another_chat(whole: Whole) -> None:
    await opened(whole)
    place = Place("web", "elsewhere", "employee")
    reply = await whole.product.intake.receive(
        whole.incoming(choice=await whole.button(":gone"), place=place)
    )
    assert reply["refused"] == "not_yours"


async def test_an_old_button_is_refused_and_leads_back(whole: Whole) -> None:
    """Nothing changes, and the present question is shown again."""
    await opened(whole)
    old = await whole.button(":gone")
    await whole.press(await whole.button(":works"))
    now = await whole.case()
    assert (await whole.press(old))["refused"] == "stale"
    assert replace(await whole.case(), touched_at=now.touched_at) == now
    assert any(choice.endswith(":done") for choice in choices(await whole.last()))


async def test_a_button_of_an_old_case_is_finished(whole: Whole) -> None:
    """Not of the new case that is open meanwhile."""
    await opened(whole)
    old = await whole.button(":works")
    await whole.say("stop")
    new = await opened(whole)
    assert (await whole.press(old))["refused"] == "flow_ended"
    assert choices(await whole.last()) == ["menu"]
    assert (await whole.case()).id == new.id
    assert (await whole.case()).step == "old_phone"


@pytest.mark.parametrize(
    "choice",
    [
        "s:nowhere:old_phone:1:gone", "start:no_such_flow", "start:asks", "cmd:nonsense", "s::::", "x" * 400,
        "s:' OR 1=1 --:a:1:b", "\ud800", "f:nowhere:model:1",
    ],
)  # fmt: skip
async def test_a_button_that_we_never_made_is_refused(whole: Whole, choice: str) -> None:
    assert (await whole.press(choice))["refused"] == "not_expected"
    assert await whole.rows(Case) == []


async def test_starting_while_one_is_open_offers_to_go_on(whole: Whole) -> None:
    """One case a chat: go on, stop it, or a person."""
    case = await opened(whole)
    await whole.press("start:new_phone")
    assert choices(await whole.last()) == ["cmd:resume", "cmd:cancel", "cmd:person"]
    await whole.press("cmd:resume")
    assert await whole.button(":gone") == f"s:{case.id}:old_phone:1:gone"
    await whole.press("cmd:cancel")
    assert (await opened(whole)).id != case.id


async def test_openings_without_evidence_are_limited(whole: Whole) -> None:
    """A chat account that opens case after case is slowed down, not the person whose account it is."""
    most = whole.product.settings.limits.openings_per_chat
    for _ in range(most):
        await opened(whole)
        await whole.say("stop")
    assert (await whole.press("start:new_phone"))["refused"] == "too_many"
    assert (await whole.press("start:new_phone", "deputy"))["refused"] == ""
    whole.clock.go(days=1)
    assert (await whole.press("start:new_phone"))["refused"] == ""


async def test_a_case_number_is_used_once(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are said aloud; two cases must not share one."""
    numbers = iter([1, 1, 2])
    monkeypatch.setattr(whole.product.intake._entropy, "below", lambda n: next(numbers))
    one = await opened(whole)
    two = await opened(whole, "deputy")
    assert (one.number, two.number) == ("100001", "100002")


# --- typed text -------------------------------------------------------------------------------------


async def test_typed_text_is_not_kept(whole: Whole) -> None:
    """Neither outside a case nor in one that asks for buttons, matched or not."""
    for text in ("my zebra phone died", "no, wiped or broken zebra", "zebra zebra"):
        await whole.say(text)
    await opened(whole)
    for text in ("zebra", "No, wiped or broken"):
        await whole.say(text)
    assert (await whole.case()).step == "identity"
    assert not kept(whole, "zebra")
    notes = [row.body for row in await whole.events(kind="Routed")]
    assert all(set(note) <= {"label", "p", "action", "flow"} for note in notes)


async def test_typed_text_is_kept_where_the_step_asks_for_it(whole: Whole, asks: dict[str, Version]) -> None:
    await whole.product.published.publish(asks)
    case = await opened(whole, flow="asks")
    assert any(isinstance(e, TextInput) for e in (await whole.last()).elements)
    await whole.say("a blue one")
    assert (await whole.case()).step == "sure"
    (row,) = await whole.events(kind="Entered")
    assert row.body["value"] == "a blue one"
    assert row.case_id == case.id


async def test_text_in_an_old_form_is_refused_and_not_kept(whole: Whole, asks: dict[str, Version]) -> None:
    """The form on screen is a question long answered; what is typed there now is nobody's answer."""
    await whole.product.published.publish(asks)
    await opened(whole, flow="asks")
    form = await whole.button(":model:1")
    await whole.say("a blue one")
    assert (await whole.press(form, form={"value": "zebra"}))["refused"] == "stale"
    assert not kept(whole, "zebra")
    await whole.press(form, form={"choice": "zebra stripes\ud800"})
    assert not kept(whole, "zebra")


async def test_a_form_of_the_question_on_screen_is_its_answer(whole: Whole, asks: dict[str, Version]) -> None:
    await whole.product.published.publish(asks)
    await opened(whole, flow="asks")
    await whole.press(await whole.button(":model:1"), form={"value": " a  blue\none "})
    (row,) = await whole.events(kind="Entered")
    assert row.body["value"] == "a blue one"


async def test_too_much_text_is_answered_not_read(whole: Whole, asks: dict[str, Version]) -> None:
    await whole.product.published.publish(asks)
    await opened(whole, flow="asks")
    for what in (
        {"text": "word " * 700},
        {"choice": await whole.button(":model:1"), "form": {"value": "w " * 2000}},
    ):
        await whole.product.intake.receive(whole.incoming(**what))  # type: ignore[arg-type]
        await whole.settle()
        assert "more than I can read" in (await whole.last()).fallback
    assert (await whole.case()).step == "model"


# --- secrets ----------------------------------------------------------------------------------------


SECRETS = (
    "my code is 482913", f"here: {CODE}", CODE.lower(), CODE.replace("-", " "), "Zebra+Pass99",
    "password: Zebra-stripes", "C0DE-\u200bABCD-EFGH-1234-ZEBR", "4829 1377", "\u200b".join(CODE),
)  # fmt: skip


@pytest.mark.parametrize("where", ["no case", "a case", "an input", "a form"])
async def test_a_secret_typed_in_chat_is_dropped_before_it_is_stored(
    whole: Whole, asks: dict[str, Version], where: str
) -> None:
    """Also where the step asks for text. The person is told what to do about it."""
    await whole.product.published.publish(asks)
    if where != "no case":
        await opened(whole, flow="new_phone" if where == "a case" else "asks")
    for text in SECRETS:
        form = (
            {"choice": await whole.button(":model:1"), "form": {"value": text}} if where == "a form" else {}
        )
        reply = await whole.product.intake.receive(whole.incoming(**(form or {"text": text})))  # type: ignore[arg-type]
        await whole.settle()
        assert reply["refused"] == Reason.SECRET_TYPED.value, text
        assert "threw it away" in (await whole.last()).fallback
        for piece in {text, max(text.split(), key=len), text.replace("\u200b", ""), plain(text)}:
            assert not kept(whole, piece)
            assert not kept(whole, json.dumps(piece)[1:-1])


async def test_the_case_number_is_no_secret(whole: Whole) -> None:
    """It is said aloud all day."""
    case = await opened(whole)
    assert (await whole.say(f"my number is {case.number}"))["refused"] != Reason.SECRET_TYPED.value


async def printed(whole: Whole, person: str = "employee", *, young: bool = False) -> tuple[str, ...]:
    book, at = whole.product.codes, whole.clock.now()
    codes = book.draw()
    counts = whole.clock.now() if not young else whole.clock.go(days=3)
    rows = await book.prepare(whole.sandbox.oid(person), codes, at=at, counts_from=counts)
    if young:
        whole.clock.go(days=-3)
    await whole.store.transact(lambda work: book.keep(work, rows, by="test"))
    return codes


@pytest.mark.parametrize(
    ("in_a_case", "young", "shape"),
    [(True, False, "{}"), (False, True, "it says {}!"), (True, True, "{} thanks"), (False, False, "spaced")],
)
async def test_a_real_saved_code_typed_in_chat_is_used_up_and_its_owner_told(
    whole: Whole, in_a_case: bool, young: bool, shape: str
) -> None:
    """Who reads the chat gets nothing, now or when the code would begin to count; and the owner hears of
    it outside the chat."""
    code = (await printed(whole, young=young))[4]
    if in_a_case:
        await opened(whole)
    text = f"my code {code.replace('-', ' ')} ok" if shape == "spaced" else shape.format(code)
    await whole.say(text)
    used = await whole.rows(SavedCode, status="used")
    assert len(used) == 1
    whole.clock.go(days=4)
    assert await whole.product.codes.verify(whole.sandbox.oid("employee"), code) is Reason.USED_CODE
    letters = [m for m in whole.mail("employee") if "saved codes no longer works" in m["subject"]]
    assert len(letters) == 2  # the work address and the private one
    assert not kept(whole, code)


async def test_a_whole_sheet_pasted_is_used_up(whole: Whole) -> None:
    codes = await printed(whole)
    await whole.say("\n".join(codes))
    assert len(await whole.rows(SavedCode, status="used")) == 10


async def test_a_code_that_only_looks_like_one_tells_nobody(whole: Whole) -> None:
    """No mail, and the same answer: the chat is no oracle for guessing."""
    await printed(whole)
    reply = await whole.say(grouped("ABCDE" * 5 + "B"))
    assert reply["refused"] == "secret_typed"
    assert whole.mail("employee") == []
    assert len(await whole.rows(SavedCode, status="good")) == 10


# --- words that always work -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("help", "Here is what I can help with"),
        ("back", "Nothing is under way"),
        ("stop", "Nothing is under way"),
        ("language", "Which language"),
        ("Deutsch", "Ab jetzt"),
    ],
)
async def test_the_words_that_always_work_do_so_without_a_case(whole: Whole, text: str, says: str) -> None:
    await whole.say(text)
    assert says in (await whole.last()).fallback


async def test_the_language_stays_between_cases(whole: Whole) -> None:
    await whole.say("Deutsch")
    case = await opened(whole)
    assert case.locale == "de"
    await whole.say("English")
    assert (await whole.case()).locale == "en"
    await whole.say("stop")
    assert (await whole.rows(ChatRow))[0].locale == "en"


async def test_not_me_without_a_case_reaches_security(whole: Whole) -> None:
    """Nobody reads the chat all day; an alert leaves it."""
    await whole.say("I did not do this")
    (row,) = await whole.rows(AuditRow, tag=Tag.ALERT_RAISED.value)
    assert row.subject == whole.sandbox.oid("employee")
    assert Tag.CASE_REPORTED.value in await whole.tags()


async def test_something_suspicious_is_never_dismissed(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a case as well as without, it is answered with the button for it."""

    async def alarm(text: str, locale: str = "") -> RouteResult:
        return RouteResult("hacked", 0.9, (), Action.ALARM, ("new_phone",))

    monkeypatch.setattr(
        whole.product.intake._meaning, "_router", type("R", (), {"route": staticmethod(alarm)})
    )
    await whole.say("strange prompts all night")
    assert choices(await whole.last())[0] == "cmd:not_me"
    await opened(whole)
    await whole.say("strange prompts all night")
    assert choices(await whole.last())[0] == "cmd:not_me"
    assert (await whole.case()).step == "old_phone"


async def test_nothing_starts_without_a_click(whole: Whole) -> None:
    await whole.say("I got a new phone and cannot sign in")
    assert await whole.rows(Case) == []
    assert choices(await whole.last())[0] == "start:new_phone"


async def test_asking_for_a_person_in_a_case_calls_one(whole: Whole) -> None:
    await opened(whole)
    await whole.say("can I talk to a human please")
    assert "called a person" in (await whole.shown())[-2].fallback


@pytest.mark.parametrize("text", ["person", "can I talk to a human please", "Mensch bitte"])
async def test_asking_for_a_person_without_a_case_opens_one(whole: Whole, text: str) -> None:
    """So that an agent sees who waits, and the talk can be held here."""
    await whole.say(text)
    case = await whole.case()
    assert (case.flow, case.step, case.status) == ("talk_to_human", "to_person", "open")
    assert await whole.rows(Card, case_id=case.id, status="open")


# --- who opened it ----------------------------------------------------------------------------------


async def test_the_chat_is_a_hint_and_never_a_proof(whole: Whole) -> None:
    """Whom the channel names is written down as what it is."""
    await opened(whole)
    case = await whole.case()
    assert (case.identified_by, case.proven_at) == ("hint", None)
    await whole.press("start:new_phone", "deputy", linked=True)
    assert (await whole.case("deputy")).identified_by == "linked"
    await whole.press("start:new_phone", "agent", hint_oid="")
    assert (await whole.case("agent")).identified_by == ""


# --- confirm 482913 ---------------------------------------------------------------------------------


async def asked(whole: Whole) -> Case:
    """A case whose manager has been asked to vouch."""
    case = await opened(whole)
    at = whole.clock.now()
    check = Check(
        "check1", case.id, "attempt1", "manager", "", at, "asked", "hash", whole.sandbox.oid("manager")
    )
    await whole.store.transact(lambda work: work.add(check))
    return case


@pytest.mark.parametrize(
    ("person", "text"),
    [
        ("manager", "confirm {}"),
        ("manager", "Confirm {}."),
        ("deputy", "confirm {}"),
        ("manager", "bestätigen {}"),
    ],
)
async def test_the_manager_or_deputy_who_confirms_gets_the_page(whole: Whole, person: str, text: str) -> None:
    """The link is in the answer to them, and its handle nowhere on disk."""
    case = await asked(whole)
    await whole.say(text.format(case.number), person)
    (job,) = await whole.jobs("say", lane=f"place:web:demo:{person}")
    assert job.body["link"] == "voucher:check1"
    path = whole.product.links.path("voucher:check1")
    assert path is not None
    assert not kept(whole, path.rpartition("/")[2])


@pytest.mark.parametrize("person", ["agent", "employee", "hello_user", "executive"])
async def test_a_stranger_who_confirms_gets_nothing(whole: Whole, person: str) -> None:
    """Neither somebody else nor the person themselves; and not whether there is such a case."""
    case = await asked(whole)
    answers = []
    for number in (case.number, "999999"):
        await whole.say(f"confirm {number}", person)
        answers.append((await whole.last(person)).fallback)
    assert answers[0] == answers[1]
    assert not any(job.body.get("link") for job in await whole.jobs("say"))


async def test_check_digits_typed_after_confirm_are_not_kept(whole: Whole) -> None:
    """People mix up which six digits go where."""
    await whole.say("confirm 918273")
    assert not kept(whole, "918273")


async def test_confirming_without_being_known_gets_nothing(whole: Whole) -> None:
    case = await asked(whole)
    await whole.say(f"confirm {case.number}", "manager", hint_oid="")
    assert "nothing for you to confirm" in (await whole.last("manager")).fallback


# --- published versions -----------------------------------------------------------------------------


async def test_an_alias_that_somebody_changed_is_not_live(whole: Whole, asks: dict[str, Version]) -> None:
    """Who can write the table cannot swap a flow: the MAC covers which version is live."""
    await whole.product.published.publish(asks)
    alias = (await whole.rows(FlowAlias, flow="asks"))[0]
    for changed in (
        replace(alias, hash=whole.product.published.live("new_phone") or ""),
        replace(alias, at=whole.clock.go(seconds=1)),
        replace(alias, mac=""),
    ):
        await whole.store.transact(lambda work, row=changed: work.put(row))
        await whole.product.published.refresh()
        assert whole.product.published.live("asks") is None
        assert (await whole.press("start:asks"))["refused"] == "not_expected"
    await whole.store.transact(lambda work: work.put(alias))
    await whole.product.published.refresh()
    assert whole.product.published.live("asks") == asks["asks"].hash


async def test_a_version_whose_files_were_changed_is_not_live(whole: Whole, asks: dict[str, Version]) -> None:
    """A stored version has the hash of its files, or it does not exist."""
    await whole.product.published.publish(asks)
    row = (await whole.rows(FlowVersion, flow="asks"))[0]
    files = {path: text.replace("Which one?", "Send your password") for path, text in row.files.items()}
    await whole.store.transact(lambda work: work.put(replace(row, files=files)))
    whole.product.published._versions.clear()
    await whole.product.published.refresh()
    assert whole.product.published.live("asks") is None
    assert whole.product.published.live("new_phone") is not None


async def test_an_event_says_what_was_pressed_and_no_more(whole: Whole) -> None:
    await opened(whole)
    await whole.press(await whole.button(":gone"))
    (row,) = await whole.events(kind="Chose")
    assert row.body == {"step": "old_phone", "version": 1, "choice": "gone"}
    assert Entered("a", 1, "b").value == "b"


@pytest.mark.parametrize("word", ["back", "start again", "stop"])
async def test_nobody_leaves_a_request_while_its_acts_are_carried_out(whole: Whole, word: str) -> None:
    """The outcome must find the flow that waits for it; afterwards these words work again."""
    case = await opened(whole)
    await whole.press(f"s:{case.id}:old_phone:{case.version}:works")
    case = await whole.case()
    run = Execution("e1", "r1", case.id, case.subject_oid, "approver", "open", whole.clock.now())
    await whole.store.transact(lambda work: work.add(run))
    reply = await whole.say(word)
    assert reply["refused"] == "execution_open"
    await whole.store.transact(lambda work: work.put(replace(run, status="closed")))
    assert (await whole.say(word))["refused"] != "execution_open"
