"""The template language of words files: small enough that no text can do harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from bot.flowfile import wording
from bot.flowfile.wording import MAX_SOURCE, NameUse, complaints, environment, names_used

GOOD = [
    "Hello {{ person.name }}",
    "{{ n | plural('code', 'codes') }} {{ at | date }} {{ at | time }} {{ s | duration }} {{ names | list }}",
    "{% if duty.agents > 1 and not late %}a{% elif x == 'y' or z in ('a', 'b') %}b{% else %}c{% endif %}",
    "{{ 'yes' if known else 'no' }}",
    "See [info](security_info).",
]
BAD = [
    "{{ f() }}", "{{ ''.__class__ }}", "{{ _x }}", "{{ a | upper }}", "{{ a ** 9 }}",
    "{{ 'a' * 10 }}", "{{ a[0] }}",
    "{% for x in y %}{{ x }}{% endfor %}", "{% set x = 1 %}", "{% include 'x' %}",
    "{% macro m() %}{% endmacro %}",
    "{{ a ~ b }}", "{{ a is defined }}", "{{ [1] }}", "{{ {'a': 1} }}", "{% raw %}{% endraw %}{{ a + b }}",
    "{{", "{% if %}", "{% if x %}no end", "https://evil.example", "www.evil.example", "[x](http://evil.example)",
    "[x](unknown)", "private \ue123", "x" * (MAX_SOURCE + 1), "{{ range(10) }}", "{{ cycler }}{{ lipsum() }}",
]  # fmt: skip


@pytest.mark.parametrize("source", GOOD)
def test_what_authors_need_is_allowed(source: str) -> None:
    """Values, filters, conditions, links of the list."""
    assert complaints(source) == []


@pytest.mark.parametrize("source", BAD)
def test_everything_else_is_a_complaint_with_a_remedy(source: str) -> None:
    """No call, loop, sum, address or hidden character."""
    found = complaints(source)
    assert found
    assert all(one.message and one.remedy and one.line >= 1 for one in found)


def test_a_complaint_has_its_line() -> None:
    """Counted within the text."""
    assert [one.line for one in complaints("fine\n{{ a | upper }}\n\nwww.example.org")] == [2, 4]


@given(st.text())
def test_judging_is_total(source: str) -> None:
    """Whatever somebody saves as a text."""
    complaints(source)


def test_names_are_found_wherever_they_are_used() -> None:
    """In values, conditions and arguments of filters."""
    source = "{{ case.number }}\n{% if duty.agents > limit %}{{ n | plural(one, 'b') }}{% endif %}"
    assert names_used(source) == [
        NameUse("case", ("number",), 1),
        NameUse("duty", ("agents",), 2),
        NameUse("limit", (), 2),
        NameUse("n", (), 2),
        NameUse("one", (), 2),
    ]


def test_nothing_but_the_given_values_is_in_reach() -> None:
    """Jinja's own globals, tests and filters are gone, and an unknown name raises."""
    env = environment("en")
    assert not env.globals
    assert not env.tests
    with pytest.raises(UndefinedError):
        env.from_string("{{ range }}").render()


PIECES = st.sampled_from(
    ["Call ", "\n", "{{ a }}", "{{a.b}}", "{{ a.b | time }}", "{{ a|list }}", "{{ a | upper }}", "{{ true }}",
     "{{ not }}", "{{", "}}", "{", "}", "{% if a %}x{% endif %}", "{# a #}", "{{ a._b }}", "{{ a b }}",
     "{{ 'x' }}", "{{ a\n}}", "{{- a -}}", "{{ self }}", "[x](y)", "%}"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=6).map("".join))
def test_the_short_way_of_reading_says_the_same_as_the_long_one(source: str) -> None:
    """Plain texts are read without Jinja; nothing about them may be seen otherwise."""
    short = wording._simple(source)
    if short is not None:
        thorough = wording._thorough(source)
        assert thorough.names == tuple(short)
        assert list(thorough.complaints) == wording._links(source)


def test_a_text_nested_beyond_reason_is_a_complaint() -> None:
    for source in ("{{" + "(" * 2900 + "}}", "{{ " + "not " * 1400 + "x }}"):
        assert [one.message for one in complaints(source)] == ["The template is nested too deeply."]
