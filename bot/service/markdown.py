"""Light Markdown to neutral elements. The text holds placeholders, never values.

| Markdown | element |
|---|---|
| paragraph, ``*italic*``, ``**bold**``, `` `code` `` | paragraph of spans |
| ``# Title`` | heading |
| ``1. step`` | numbered steps |
| ``- point`` | lines of one paragraph |
| ``> quiet line`` | status line |
| fence | code |
| ``---`` | a line above what follows |
| ``[label](name)`` | a link; *name* is on the installation's list |
| ``![what it shows](name)`` | a picture from that list |

HTML, bare addresses and everything else stay text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.core.elements import (
    MAX_ALT,
    MAX_CODE,
    MAX_HEADING,
    MAX_PARAGRAPH,
    MAX_STATUS,
    MAX_STEPS,
    Code,
    Element,
    Heading,
    Image,
    Link,
    Paragraph,
    Span,
    Spans,
    Status,
    Steps,
    plain,
)
from bot.core.text import clipped
from bot.service.values import filled, pieces

_RULES = [
    "heading", "list", "fence", "hr", "blockquote", "emphasis", "backticks",
    "link", "image", "escape", "newline",
]  # fmt: skip


class LightMarkdown:
    """A parser with the installation's list of links."""

    def __init__(self, links: Mapping[str, str]) -> None:
        self._links = links
        self._parser = MarkdownIt("zero").enable(_RULES)

    def elements(self, text: str) -> list[Element]:
        """The elements of *text*, values in place; over-long texts end in an ellipsis."""
        found: list[Element] = []
        divided = False
        blocks = _blocks(self._parser.parse(text))
        for block in blocks:
            if block[0].type == "hr":
                divided = True
                continue
            element = self._element(block)
            if element is not None:
                found.append(replace(element, divider=True) if divided else element)
                divided = False
        return found

    def _element(self, block: list[Token]) -> Element | None:
        first = block[0]
        lines = [self._spans(token.children or []) for token in block if token.type == "inline"]
        lines = [line for line in lines if plain(line).strip()]
        if first.type == "fence":
            code = filled(first.content).rstrip()
            return Code(clipped(code, MAX_CODE)) if code.strip() else None
        if first.type == "paragraph_open" and (image := self._image(block)):
            return image
        if not lines:
            return None
        match first.type:
            case "heading_open":
                return Heading(clipped(plain(lines[0]), MAX_HEADING))
            case "ordered_list_open":
                return Steps(tuple(_short(line) for line in lines[:MAX_STEPS]))
            case "bullet_list_open":
                points = [span for line in lines for span in (Span("\n• "), *line)]
                return Paragraph(_short((Span("• "), *points[1:])))
            case "blockquote_open":
                return Status(clipped(" ".join(plain(line) for line in lines), MAX_STATUS))
            case _:
                return Paragraph(_short(lines[0]))

    def _image(self, block: list[Token]) -> Image | None:
        """A picture that is a paragraph of its own."""
        children = block[1].children or []
        if len(children) != 1 or children[0].type != "image":
            return None
        url = self._links.get(str(children[0].attrs.get("src", "")))
        alt = filled(children[0].content).strip()
        return Image(Link(url), clipped(alt, MAX_ALT)) if url and alt else None

    def _spans(self, children: list[Token]) -> Spans:
        spans: list[Span] = []
        bold = italic = False
        link: Link | None = None
        for token in children:
            match token.type:
                case "strong_open" | "strong_close":
                    bold = token.type == "strong_open"
                case "em_open" | "em_close":
                    italic = token.type == "em_open"
                case "link_open":
                    url = self._links.get(str(token.attrs.get("href", "")))
                    link = Link(url) if url else None
                case "link_close":
                    link = None
                case "softbreak" | "hardbreak":
                    spans.append(Span(" " if token.type == "softbreak" else "\n"))
                case _:
                    spans += [
                        Span(text, bold, italic, token.type == "code_inline", link, foreign)
                        for text, foreign in pieces(token.content)
                        if text
                    ]
        return tuple(spans)


def _blocks(tokens: list[Token]) -> list[list[Token]]:
    """Tokens by the outermost block they belong to."""
    blocks: list[list[Token]] = []
    depth = 0
    for token in tokens:
        if depth == 0:
            blocks.append([])
        blocks[-1].append(token)
        depth += token.nesting
    return blocks


def _short(spans: Spans) -> Spans:
    """*spans*, cut where a paragraph would be too long."""
    left, kept = MAX_PARAGRAPH, []
    for span in spans:
        text = clipped(span.text, left)
        kept.append(span if text == span.text else replace(span, text=text))
        left -= len(text)
        if left <= 1:
            break
    return tuple(kept)
