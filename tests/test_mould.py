"""Pages from moulds are the pages that the template makes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from publisher.editions import Theme
from publisher.editions.frame import FEW, LISTED, WRITTEN, Frame
from publisher.editions.mould import Mould, mark, may_be_moulded
from tests import samples

JST = timezone(timedelta(hours=9))
TEXTS = st.text(st.sampled_from("給水 \"'<>&髙\x07\ue0f0a{}%"), max_size=12)


@pytest.fixture(scope="module")
def frames() -> tuple[Frame, Frame]:
    """One that uses moulds, and one that never does."""
    moulded, plain = samples.frame(), samples.frame()
    plain._mouldable = dict.fromkeys(("web", "light", "legacy"), False)
    return moulded, plain


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, st.sampled_from([None, "", "<h1>題</h1>"]), st.booleans()), min_size=FEW + 2, max_size=FEW + 4))
def test_a_page_from_a_mould_is_the_page_of_the_template(frames: tuple[Frame, Frame], said: list) -> None:
    moulded, plain = frames
    for number, (title, description, label, heading, dated) in enumerate(said):
        for edition in moulded.editions:
            values = {
                "updated": datetime(2011, 3, 11, 14, number, tzinfo=JST) if dated else None, "description": description, "heading": heading,
                "crumbs": (("c/water.html", label),),
            }  # fmt: skip
            body = f"<p>{moulded.escape(edition, title)}</p>"
            path = f"n/a{number}.html"
            assert moulded.page(edition, path, title, body, **values) == plain.page(edition, path, title, body, **values)


def test_the_templates_that_come_with_the_program_can_be_moulded() -> None:
    theme = Theme.load([])
    for edition in ("web", "light", "legacy"):
        assert may_be_moulded(theme.environment(), theme.files[f"{edition}/page.html"], WRITTEN, LISTED)


@pytest.mark.parametrize(
    "template",
    [
        "{{ title|upper }}", "{{ title ~ 'x' }}", "{% if title == '給水' %}x{% endif %}", "{% if title|length > 9 %}x{% endif %}", "{{ path.count('/') }}",
        "{% set t = title %}{{ t|upper }}", "{% for href, name in others %}{{ href|length }}{% endfor %}", "{% for href, name in others if href %}x{% endfor %}",
        "{% include title %}", "{% macro m() %}{{ title|upper }}{% endmacro %}{{ m() }}", "{% for c in title %}{{ c }}{% endfor %}", "{{ [title]|join }}",
        "{% for pair in others %}{{ pair[0] }}{% endfor %}", "{% filter upper %}{{ title }}{% endfilter %}", "{% for x in y recursive %}{{ title }}{% endfor %}",
        "{{ title if title else 'x' }}", "{% if others|length > 1 %}x{% endif %}", "{% block b %}{{ title }}{% endblock %}",
        "{{ others }}", "{% for pair in others %}{{ pair }}{% endfor %}",
    ],
)  # fmt: skip
def test_a_template_that_does_more_than_write_a_value_is_rendered_in_full(template: str) -> None:
    assert not may_be_moulded(Theme.load([]).environment(), template, WRITTEN, LISTED)


def test_a_mould_escapes_what_the_template_would() -> None:
    mould = Mould.of(f"<title>{mark('title')}</title>{mark('body')}{mark('title')}")
    assert mould.fill({"title": "a<b", "body": Markup("<p>")}) == "<title>a&lt;b</title><p>a&lt;b"
