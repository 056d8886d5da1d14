"""A neutral message as Block Kit: one small function per element.

Nothing we send is markup. Paragraphs, steps and other people's words are `rich_text`, whose texts
Slack shows as they are; everything else is `plain_text` with `emoji` off. So there is no `mrkdwn` in which
a name could make a link, mention a channel or turn bold, and no escaping that could be forgotten; only
the one-line `text` beside the blocks is parsed by Slack and therefore escaped.

A message with a choice that opens a form shows that button and leaves its fields to the form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.adapters.slack import limits
from bot.adapters.slack.controls import actions, button, confirmed, field, plain_text
from bot.adapters.slack.limits import Block
from bot.adapters.slack.wire import Press, action_id
from bot.core.elements import (
    Buttons,
    Choice,
    Code,
    Confirm,
    Element,
    Facts,
    Field,
    Heading,
    Image,
    Link,
    LinkButton,
    Paragraph,
    Progress,
    SecretRef,
    Span,
    Spans,
    Status,
    Steps,
    Tone,
    Untrusted,
)
from bot.core.message import Message

Address = Callable[[Link], str]
"""Where a link leads; empty when what it refers to is gone."""

_TONES = {Tone.NEUTRAL: "", Tone.GOOD: "✅ ", Tone.WARNING: "⚠️ ", Tone.ATTENTION: "🔔 "}
_STEPS_OF_A_BAR = 10
_JOINED = 3000
"""Characters of one text made of several paragraphs."""


def rendered(message: Message, address: Address) -> list[Block]:
    """*message* as blocks, in its own order; `fitting` makes whole messages of them."""
    fields = [element for element in message.elements if isinstance(element, Field)]
    submits = [(one, choice) for one in fields if (choice := _submit_of(one)) is not None]
    after: dict[int, Choice] = {id(one): choice for one, choice in submits}
    if len(submits) == 1:
        after = {id(fields[-1]): submits[0][1]}  # what sends several fields stands below them all
    drawing = _Drawing(address, any(choice.opens for choice in message.choices()), after)
    return _numbered(_paragraphs(block for element in message.elements for block in drawing.element(element)))


def inputs(message: Message) -> list[Block]:
    """The fields of *message* alone, without their buttons, as a form asks them."""
    fields = [element for element in message.elements if isinstance(element, Field)]
    return _numbered([field(one) for one in fields])


def fallback(message: Message) -> str:
    """What the lock screen and a screen reader say; Slack reads markup in it, so it is escaped."""
    return escaped(message.fallback)


def escaped(text: str) -> str:
    """The three characters that Slack asks to be escaped, and no others."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True, slots=True)
class _Drawing:
    """One message being drawn. *submits*: the buttons of its fields, by the field they stand below."""

    address: Address
    asks_in_form: bool
    submits: Mapping[int, Choice]

    def element(self, one: Element) -> Iterator[Block]:
        if one.divider:
            yield {"type": "divider"}
        yield from self._element(one)

    def _element(self, one: Element) -> Iterator[Block]:
        match one:
            case Heading():
                yield {"type": "header", "text": plain_text(one.text)}
            case Paragraph():
                yield _rich({"type": "rich_text_section", "elements": self._spans(one.spans)})
            case Untrusted():
                yield _rich({"type": "rich_text_quote", "elements": [_literal(one.text)]})
            case Steps():
                items = [{"type": "rich_text_section", "elements": self._spans(item)} for item in one.items]
                yield _rich({"type": "rich_text_list", "style": "ordered", "elements": items})
            case Facts():
                yield _facts(one)
            case Code():
                yield _rich({"type": "rich_text_preformatted", "elements": [_literal(one.text)]})
            case Status():
                yield _quiet(f"{_TONES[one.tone]}{one.text}")
            case Progress():
                full = round(_STEPS_OF_A_BAR * one.done / one.total)
                yield _quiet(f"{one.text}  {'▰' * full}{'▱' * (_STEPS_OF_A_BAR - full)}")
            case Image():
                where = self.address(one.link)
                yield {"type": "image", "image_url": where, "alt_text": one.alt} if where else _quiet(one.alt)
            case LinkButton():
                yield self._link(one.label, one.link)
            case SecretRef():
                yield self._link(one.label, Link(reference=f"secret:{one.id}"))
            case Buttons():
                yield actions(*(button(choice) for choice in one.choices))
            case Confirm():
                yield _rich({"type": "rich_text_section", "elements": [_literal(one.question)]})
                yield actions(confirmed(one), button(one.no))
            case Field():
                yield from self._field(one)
            case _:
                raise TypeError(type(one).__name__)

    def _field(self, one: Field) -> Iterator[Block]:
        if not self.asks_in_form:
            yield field(one)
        if (submit := self.submits.get(id(one))) is not None:
            yield actions(button(submit))

    def _link(self, label: str, link: Link) -> Block:
        where = self.address(link)
        if not where or len(where) > limits.URL:
            return _quiet(label)
        return actions(
            {"type": "button", "action_id": Press.LINK.value, "text": plain_text(label), "url": where}
        )

    def _spans(self, spans: Spans) -> list[Block]:
        return [self._span(span) for span in spans if span.text]

    def _span(self, span: Span) -> Block:
        style = {
            name: True
            for name, on in (("bold", span.bold), ("italic", span.italic), ("code", span.code))
            if on
        }
        where = self.address(span.link) if span.link else ""
        run: Block = {"type": "link", "url": where} if where else {"type": "text"}
        run["text"] = span.text
        return {**run, "style": style} if style else run


def _submit_of(one: Field) -> Choice | None:
    submit: Choice | None = getattr(one, "submit", None)
    return submit


def _paragraphs(blocks: Iterable[Block]) -> list[Block]:
    """Paragraphs in a row as one text with empty lines between, as Slack's own editor writes them; as
    blocks of their own they would stand line on line."""
    found: list[Block] = []
    for block in blocks:
        runs = _runs(block)
        before = _runs(found[-1]) if found else []
        if runs and before and sum(len(run["text"]) for run in [*before, *runs]) <= _JOINED:
            before += [_literal("\n\n"), *runs]
        else:
            found.append(block)
    return found


def _runs(block: Block) -> list[Block]:
    """The texts of a paragraph; none of anything else."""
    first = block["elements"][0] if block["type"] == "rich_text" else {}
    runs: list[Block] = first["elements"] if first.get("type") == "rich_text_section" else []
    return runs


def _rich(one: Block) -> Block:
    return {"type": "rich_text", "elements": [one]}


def _literal(text: str) -> Block:
    return {"type": "text", "text": text}


def _quiet(text: str) -> Block:
    return {"type": "context", "elements": [plain_text(text)]}


def _facts(one: Facts) -> Block:
    runs: list[Block] = []
    for number, row in enumerate(one.rows):
        start = "\n" if number else ""
        runs.append({"type": "text", "text": f"{start}{row.label}: ", "style": {"bold": True}})
        runs.append(_literal(row.value))
    return _rich({"type": "rich_text_section", "elements": runs})


def _numbered(blocks: list[Block]) -> list[Block]:
    """Ids made unique: buttons counted through, and a field's second block of the same name told apart."""
    seen: dict[str, int] = {}
    count = 0
    for block in blocks:
        if name := block.get("block_id"):
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > 1:
                block["block_id"] = f"{name}/{seen[name]}"
        for one in block["elements"] if block["type"] == "actions" else ():
            if one["type"] == "button":
                one["action_id"] = action_id(Press(one["action_id"]), count)
                count += 1
    return blocks


__all__ = ["Address", "escaped", "fallback", "inputs", "plain_text", "rendered"]
