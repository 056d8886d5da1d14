"""The web chat: what a person sends, and how everybody hears of it."""

from __future__ import annotations

import asyncio
import json

from bot.adapters.web import security
from bot.core.message import Message
from bot.core.records import Line
from tests.web.browsing import Browser, form_token
from tests.web.house import House, place

CHOICE = "s:c1:old_phone:1:gone"


async def messages(browser: Browser, after: int = 0, **query: object) -> dict[str, object]:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    answer = await browser.ask("GET", f"/chat/employee?after={after}{more}")
    assert answer.status == 200
    found: dict[str, object] = json.loads(answer.body)
    return found


async def test_a_script_can_talk(served: House, browser: Browser) -> None:
    """Text in, messages out, with everything a script needs to go on."""
    sent = await browser.ask("POST", "/chat/employee", json={"text": "I got a new phone"})
    assert sent.status == 200
    incoming = served.echo.got[0]
    assert (incoming.text, incoming.user, incoming.hint_oid, incoming.linked) == (
        "I got a new phone",
        "employee",
        "oid-employee",
        True,
    )
    found = await messages(browser)
    (message,) = found["messages"]  # type: ignore[misc]
    assert set(message) == {"seq", "key", "text", "choices", "links"}
    assert message["choices"][:2] == [
        {"id": "s:c1:old_phone:1:works", "label": "Yes, it works"},
        {"id": CHOICE, "label": "Wiped or broken"},
    ]
    (link,) = message["links"]
    assert link["label"] == "Open your page"
    assert link["url"].startswith(f"{served.url}/c/")
    assert found["seq"] == message["seq"]
    assert (await messages(browser, after=message["seq"]))["messages"] == []


async def test_a_handle_is_never_stored(served: House, browser: Browser) -> None:
    """The transcript refers to a case; the address is made when somebody reads."""
    await browser.ask("POST", "/chat/employee", json={"text": "hi"})
    rows = await served.store.read(lambda work: work.find(Line))
    assert "/c/" not in json.dumps([row.message for row in rows])


async def test_typed_text_is_not_kept(served: House, browser: Browser) -> None:
    """A saved code typed into chat must not lie in the transcript."""
    await browser.ask("POST", "/chat/employee", json={"text": "my code is ABCD-canary"})
    rows = await served.store.read(lambda work: work.find(Line, author="person"))
    assert [row.message for row in rows] == [{"typed": True}]


async def test_a_choice_is_kept_by_its_label(served: House, browser: Browser) -> None:
    """Both windows show what was pressed; what was never offered shows nothing."""
    await browser.ask("POST", "/chat/employee", json={"text": "hi"})
    await browser.ask("POST", "/chat/employee", json={"choice": CHOICE})
    await browser.ask("POST", "/chat/employee", json={"choice": "s:c9:forged:1:x"})
    rows = await served.store.read(lambda work: work.find(Line, author="person", order="seq"))
    assert [row.message.get("said") for row in rows] == [None, "Wiped or broken", ""]
    assert [one.choice for one in served.echo.got] == ["", CHOICE, "s:c9:forged:1:x"]


async def test_a_form_finds_its_button(served: House, browser: Browser) -> None:
    """A script may send the fields alone: the newest question with a field is meant."""
    await browser.ask("POST", "/chat/employee", json={"text": "hi"})
    await browser.ask("POST", "/chat/employee", json={"form": {"value": "Pixel 8"}})
    assert (served.echo.got[1].choice, dict(served.echo.got[1].form)) == (
        "f:c1:model:1",
        {"value": "Pixel 8"},
    )


async def test_nonsense_is_refused(browser: Browser) -> None:
    """Nothing, wrong types, too much, no JSON, nobody."""
    for body in (
        {},
        {"text": ""},
        {"text": 5},
        {"form": []},
        {"text": "x" * 3001},
        [],
        {"form": {"value": "no form is open"}},
    ):
        assert (await browser.ask("POST", "/chat/employee", json=body)).status == 400, body
    broken = await browser.ask(
        "POST", "/chat/employee", data=b"{", headers={"Content-Type": "application/json"}
    )
    assert broken.status == 400
    assert (await browser.ask("POST", "/chat/nobody", json={"text": "hi"})).status == 404
    assert (await browser.ask("GET", "/chat/nobody?after=0")).status == 404


async def test_another_site_cannot_speak_for_a_person(browser: Browser) -> None:
    """JSON needs no form token, so the browser's own word decides."""
    answer = await browser.ask(
        "POST", "/chat/employee", json={"text": "hi"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status == 403


async def test_nobody_writes_in_the_agents_channel(browser: Browser) -> None:
    """It is for reading; agents act at the desk."""
    assert (await browser.ask("POST", "/chat/agents", json={"text": "hi"})).status == 403


async def test_the_same_number_counts_once(served: House, browser: Browser) -> None:
    """A script that was not answered sends again with the same id."""
    for _ in range(3):
        await browser.ask("POST", "/chat/employee", json={"text": "hi", "id": "once"})
    assert len(served.echo.got) == 1
    assert len((await messages(browser))["messages"]) == 1  # type: ignore[arg-type]


async def test_a_changed_message_keeps_its_key(served: House, browser: Browser) -> None:
    """Whoever waits hears of the change; whoever comes later sees the last version, in its old place."""
    chat = served.chat
    ref = await chat.post(place(), Message.line("one"), key="k1")
    await chat.post(place(), Message.line("two"), key="k2")
    before = (await messages(browser))["seq"]
    await chat.update(place(), ref, Message.line("one, changed"), key="k3")
    news = await messages(browser, after=before)  # type: ignore[arg-type]
    assert [(m["key"], m["text"]) for m in news["messages"]] == [("k1", "one, changed")]  # type: ignore[union-attr, index]
    all_of_it = await messages(browser)
    assert [(m["key"], m["text"]) for m in all_of_it["messages"]] == [("k1", "one, changed"), ("k2", "two")]  # type: ignore[union-attr, index]


async def test_a_retried_message_is_not_repeated(served: House, browser: Browser) -> None:
    """A crash after posting leaves one message, not two."""
    for _ in range(2):
        await served.chat.post(place(), Message.line("once"), key="k1")
    assert len((await messages(browser))["messages"]) == 1  # type: ignore[arg-type]


async def test_a_waiting_reader_hears_at_once(served: House, browser: Browser) -> None:
    """Long-poll: the answer comes with the message, not with the end of the wait."""
    waiting = asyncio.create_task(messages(browser, after=0, wait=20))
    await asyncio.sleep(0)
    await served.chat.post(place(), Message.line("news"), key="k1")
    found = await asyncio.wait_for(waiting, 5)
    assert [m["text"] for m in found["messages"]] == ["news"]  # type: ignore[union-attr, index]


async def test_the_page_works_without_a_script(served: House, browser: Browser) -> None:
    """Plain forms: write, press, fill in; then the page is simply there again."""
    page = await browser.get("/chat/employee")
    token = form_token(page.text)
    sent = await browser.ask(
        "POST", "/chat/employee", data={"form_token": token, "nonce": "n1", "text": "hi"}
    )
    assert (sent.status, sent.headers["Location"]) == (303, "/chat/employee#end")
    page = await browser.get("/chat/employee")
    assert "Is Authenticator still working" in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<b>Amara</b>" not in page.text
    fields = {"form_token": token, "nonce": "n2", "choice": "f:c1:model:1", "f_value": "Pixel 8"}
    await browser.ask("POST", "/chat/employee", data=fields)
    assert dict(served.echo.got[1].form) == {"value": "Pixel 8"}
    refused = await browser.ask("POST", "/chat/employee", data={"nonce": "n3", "text": "no token"})
    assert refused.status == 403


async def test_a_double_click_counts_once_and_going_back_counts_anew(served: House, browser: Browser) -> None:
    """The same form of the same page is one message; another text on an old page is another."""
    token = form_token((await browser.get("/chat/employee")).text)
    for text in ("hi", "hi", "something else"):
        await browser.ask("POST", "/chat/employee", data={"form_token": token, "nonce": "n1", "text": text})
    assert [one.text for one in served.echo.got] == ["hi", "something else"]


async def test_the_dedupe_key_tells_nothing_of_what_was_typed(served: House, browser: Browser) -> None:
    """It is keyed with a cookie we do not keep: a typed code cannot be guessed from it."""
    token = form_token((await browser.get("/chat/employee")).text)
    keys = []
    for cookie in (browser.jar[security.FORM_COOKIE], "another"):
        browser.jar[security.FORM_COOKIE] = cookie
        token = security.token_for(cookie)
        await browser.ask(
            "POST", "/chat/employee", data={"form_token": token, "nonce": "n1", "text": "12345678"}
        )
        keys.append(served.echo.got[-1].dedupe_key)
    assert keys[0] != keys[1]
