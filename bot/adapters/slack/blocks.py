"""A neutral message as Block Kit: one small function per element.

Nothing we send is markup. Paragraphs, steps and other people's words are `rich_text`, whose texts
Slack shows as they are; everything else is `plain_text` with `emoji` off. So there is no `mrkdwn` in which
a name could make a link, mention a channel or turn bold, and no escaping that could be forgotten; only
the one-line `text` beside the blocks is parsed by Slack and therefore escaped.

A long list is a `static_select`, in which people search by typing; the model stops at the 100 options
that one takes. It sends nothing until its button is pressed, because it stands in an `input` block.
A message with a choice that opens a form shows that button and leaves its fields to the form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.adapters.slack import limits
from bot.adapters.slack.limits import Block
from bot.adapters.slack.wire import Press, action_id, field_id
from bot.core.elements import (
    Buttons,
    Choice,
    Code,
    Confirm,
    DateInput,
    Element,
    Facts,
    Field,
    Heading,
    Image,
    Link,
    LinkButton,
    Look,
    MultiChoice,
    Option,
    Paragraph,
    Progress,
    SecretRef,
    Select,
    Span,
    Spans,
    Status,
    Steps,
    TextInput,
    TimeInput,
    Toggle,
    Tone,
    Untrusted,
)
from bot.core.message import Message
from bot.core.text import clipped

Address = Callable[[Link], str]
"""Where a link leads; empty when what it refers to is gone."""

_LOOKS = {Look.PLAIN: {}, Look.PRIMARY: {"style": "primary"}, Look.DANGER: {"style": "danger"}}
_TONES = {Tone.NEUTRAL: "", Tone.GOOD: "✅ ", Tone.WARNING: "⚠️ ", Tone.ATTENTION: "🔔 "}
_STEPS_OF_A_BAR = 10
_TICKED = "true"


def rendered(message: Message, address: Address) -> list[Block]:
    """*message* as blocks, in its own order; `fitting` makes whole messages of them."""
    asks_in_form = any(choice.opens for choice in message.choices())
    drawing = _Drawing(address, asks_in_form)
    blocks = [block for element in message.elements for block in drawing.element(element)]
    return _numbered(blocks)


def inputs(message: Message, address: Address) -> list[Block]:
    """The fields of *message* alone, without their buttons, as a form asks them."""
    drawing = _Drawing(address, False)
    fields = [element for element in message.elements if isinstance(element, Field)]
    return _numbered([drawing.field(one) for one in fields])


def fallback(message: Message) -> str:
    """What the lock screen and a screen reader say; Slack reads markup in it, so it is escaped."""
    return escaped(message.fallback)


def escaped(text: str) -> str:
    """The three characters that Slack asks to be escaped, and no others."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain_text(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


@dataclass(frozen=True, slots=True)
class _Drawing:
    """One message being drawn."""

    address: Address
    asks_in_form: bool

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
                yield _actions(*(_button(choice) for choice in one.choices))
            case Confirm():
                yield _rich({"type": "rich_text_section", "elements": [_literal(one.question)]})
                yield _actions(_confirmed(one), _button(one.no))
            case Field():
                yield from self._field(one)
            case _:
                raise TypeError(type(one).__name__)

    def _field(self, one: Field) -> Iterator[Block]:
        if not self.asks_in_form:
            yield self.field(one)
        submit: Choice | None = getattr(one, "submit", None)
        if submit is not None:
            yield _actions(_button(submit))

    def field(self, one: Field) -> Block:
        """What is filled in, without the button that sends it."""
        match one:
            case Select():
                options = [_option(option) for option in one.options]
                return _input(one, {"type": "static_select", "options": options})
            case MultiChoice():
                boxes = [_option(option) for option in one.options]
                return {**_input(one, {"type": "checkboxes", "options": boxes}), "optional": True}
            case Toggle():
                return _toggle(one)
            case TextInput():
                box = _input(
                    one, {"type": "plain_text_input", "max_length": one.longest, "multiline": one.lines}
                )
                hint = clipped(one.hint, limits.HINT)
                return {**box, "hint": plain_text(hint)} if hint else box
            case DateInput():
                return _input(one, {"type": "datepicker"})
            case TimeInput():
                return _input(one, {"type": "timepicker"})
            case _:
                raise TypeError(type(one).__name__)

    def _link(self, label: str, link: Link) -> Block:
        where = self.address(link)
        if not where or len(where) > limits.URL:
            return _quiet(label)
        return _actions(
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


def _actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def _button(choice: Choice) -> Block:
    kind = Press.FORM if choice.opens else Press.CHOICE
    button = {"type": "button", "action_id": kind.value, "text": plain_text(choice.label), "value": choice.id}
    return {**button, **_LOOKS[choice.look]}


def _confirmed(one: Confirm) -> Block:
    """The yes of a question. What cannot be undone is asked once more where it is pressed."""
    button = _button(one.yes)
    if one.yes.look is not Look.DANGER:
        return button
    again = {
        "title": plain_text(one.yes.label),
        "text": plain_text(one.question),
        "confirm": plain_text(one.yes.label),
        "deny": plain_text(one.no.label),
        "style": "danger",
    }
    return {**button, "confirm": again}


def _input(one: Field, element: Block) -> Block:
    named = {"action_id": field_id(one.name), **element}
    return {
        "type": "input",
        "block_id": field_id(one.name),
        "label": plain_text(one.label),
        "element": named,
    }


def _toggle(one: Toggle) -> Block:
    """A box that says itself what ticking it means, so it needs no label above."""
    option = {"text": plain_text(one.label), "value": _TICKED}
    box = {"type": "checkboxes", "action_id": field_id(one.name), "options": [option]}
    ticked = {**box, "initial_options": [option]} if one.on else box
    return {"type": "actions", "block_id": field_id(one.name), "elements": [ticked]}


def _option(option: Option) -> Block:
    return {"text": plain_text(option.label), "value": option.value}


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
