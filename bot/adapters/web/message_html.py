"""A neutral message as HTML: one small function per element, every text escaped on the way in.

Controls carry the names that `chat.py` reads: buttons are called `choice`, a field `f_<its name>`.
A link whose page is gone (its address is empty) leaves its words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from markupsafe import Markup, escape

from bot.core.elements import (
    Buttons,
    Choice,
    Code,
    Confirm,
    DateInput,
    Element,
    Facts,
    Heading,
    Image,
    Link,
    LinkButton,
    Look,
    MultiChoice,
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
    Untrusted,
)
from bot.core.message import Message

Address = Callable[[Link], str]
_NOTHING = Markup("")
_LINE = Markup('<input type="text" id="{id}" name="{name}" maxlength="{0}" autocomplete="off">')
_LINES = Markup('<textarea id="{id}" name="{name}" maxlength="{0}"></textarea>')
_AWAY = Markup('target="_blank" rel="noopener noreferrer"')
_LOOKS = {Look.PLAIN: "second", Look.PRIMARY: "primary", Look.DANGER: "danger"}


def rendered(message: Message, address: Address, *, ident: str, new_tab: str) -> Markup:
    """*message* as HTML. *ident* makes its fields' ids unique on the page; *new_tab* is what a screen
    reader hears after a link that opens another tab."""
    drawing = _Drawing(address, ident, new_tab)
    return Markup("\n").join(drawing.element(one) for one in message.elements)


@dataclass(frozen=True, slots=True)
class _Drawing:
    """One message being drawn."""

    address: Address
    ident: str
    new_tab: str

    def element(self, one: Element) -> Markup:
        line = Markup("<hr>") if one.divider else _NOTHING
        return line + self._element(one)

    def _element(self, one: Element) -> Markup:
        match one:
            case Heading():
                return Markup("<h2>{}</h2>").format(one.text)
            case Paragraph():
                return Markup("<p>{}</p>").format(self._spans(one.spans))
            case Untrusted():
                return Markup('<blockquote class="said" dir="auto">{}</blockquote>').format(one.text)
            case Steps():
                items = Markup("").join(Markup("<li>{}</li>").format(self._spans(item)) for item in one.items)
                return Markup("<ol>{}</ol>").format(items)
            case Facts():
                rows = Markup("").join(
                    Markup('<dt>{}</dt><dd dir="auto">{}</dd>').format(row.label, row.value)
                    for row in one.rows
                )
                return Markup('<dl class="facts">{}</dl>').format(rows)
            case Code():
                return Markup('<pre tabindex="0"><code>{}</code></pre>').format(one.text)
            case Status():
                return Markup('<p class="status {}">{}</p>').format(one.tone.value, one.text)
            case Progress():
                return Markup(
                    '<p class="status">{0} <progress value="{1}" max="{2}" aria-label="{0}"></progress></p>'
                ).format(one.text, one.done, one.total)
            case Image():
                where = self.address(one.link)
                return Markup('<img src="{}" alt="{}">').format(where, one.alt) if where else escape(one.alt)
            case LinkButton():
                return self._link_button(one.label, one.link)
            case SecretRef():
                return self._link_button(one.label, Link(reference=f"secret:{one.id}"))
            case (
                Buttons()
                | Confirm()
                | Select()
                | MultiChoice()
                | Toggle()
                | TextInput()
                | DateInput()
                | TimeInput()
            ):
                return self._control(one)
            case _:
                raise TypeError(type(one).__name__)

    def _control(
        self, one: Buttons | Confirm | Select | MultiChoice | Toggle | TextInput | DateInput | TimeInput
    ) -> Markup:
        match one:
            case Buttons():
                return _buttons(one.choices)
            case Confirm():
                return Markup("<p>{}</p>{}").format(one.question, _buttons((one.yes, one.no)))
            case Select():
                options = Markup("").join(
                    Markup('<option value="{}">{}</option>').format(o.value, o.label) for o in one.options
                )
                return self._labelled(
                    one.name,
                    one.label,
                    Markup('<select id="{id}" name="{name}">{0}</select>'),
                    options,
                    one.submit,
                )
            case MultiChoice():
                boxes = Markup("").join(
                    Markup(
                        '<label class="choice"><input type="checkbox" name="f_{}" value="{}"> {}</label>'
                    ).format(one.name, o.value, o.label)
                    for o in one.options
                )
                return Markup("<fieldset><legend>{}</legend>{}</fieldset>{}").format(
                    one.label, boxes, _buttons((one.submit,))
                )
            case Toggle():
                return Markup(
                    '<label class="choice"><input type="checkbox" name="f_{}" value="true"{}> {}</label>'
                ).format(one.name, Markup(" checked") if one.on else _NOTHING, one.label)
            case TextInput():
                box = _LINES if one.lines else _LINE
                return self._labelled(one.name, one.label, box, one.longest, one.submit, one.hint)
            case DateInput():
                return self._labelled(
                    one.name, one.label, Markup('<input type="date" id="{id}" name="{name}">'), "", one.submit
                )
            case TimeInput():
                return self._labelled(
                    one.name, one.label, Markup('<input type="time" id="{id}" name="{name}">'), "", one.submit
                )
            case _:
                assert_never(one)

    def _labelled(
        self, name: str, label: str, box: Markup, inner: object, submit: Choice | None, hint: str = ""
    ) -> Markup:
        ident = f"{self.ident}-{name}"
        said = Markup('<span class="hint">{}</span>').format(hint) if hint else _NOTHING
        field = Markup('<div class="field"><label for="{}">{}{}</label>{}</div>').format(
            ident, label, said, box.format(inner, id=ident, name=f"f_{name}")
        )
        return field + (_buttons((submit,)) if submit else _NOTHING)

    def _link_button(self, label: str, link: Link) -> Markup:
        where = self.address(link)
        if not where:
            return Markup("<p>{}</p>").format(label)
        away = Markup('<p><a class="button" href="{}" {}>{}<span class="spoken"> {}</span></a></p>')
        return away.format(where, _AWAY, label, self.new_tab)

    def _spans(self, spans: Spans) -> Markup:
        return Markup("").join(self._span(span) for span in spans)

    def _span(self, span: Span) -> Markup:
        text = Markup("<br>").join(escape(line) for line in span.text.split("\n"))
        if span.foreign:
            text = Markup("<bdi>{}</bdi>").format(text)
        if span.code:
            text = Markup("<code>{}</code>").format(text)
        if span.italic:
            text = Markup("<em>{}</em>").format(text)
        if span.bold:
            text = Markup("<strong>{}</strong>").format(text)
        if span.link and (where := self.address(span.link)):
            away = Markup('<a href="{}" {}>{}<span class="spoken"> {}</span></a>')
            text = away.format(where, _AWAY, text, self.new_tab)
        return text


def _buttons(choices: tuple[Choice, ...]) -> Markup:
    drawn = Markup("").join(
        Markup('<button class="{}" name="choice" value="{}">{}</button>').format(
            _LOOKS[one.look], one.id, one.label
        )
        for one in choices
    )
    return Markup('<div class="buttons">{}</div>').format(drawn)
