"""What of a document the legacy edition can show: which characters it simplifies, which languages it
leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from publisher.editions import sjis
from publisher.editions.blocks import plain
from publisher.model import (
    Block,
    Bulletin,
    Figure,
    Grid,
    Heading,
    Listing,
    Notice,
    Paragraph,
    Preformatted,
    Problem,
    PublicContent,
    PublicWorkbook,
    Quote,
)

UNREADABLE = 0.05
"""A language of which more than this share would be 〓 is not shown on legacy pages."""


def simplified(bulletin: Bulletin) -> tuple[Problem, ...]:
    """For staff: which characters the legacy edition of this document simplifies, and which it cannot
    show at all.
    """
    losses: dict[str, sjis.Loss] = {}
    for language, content in bulletin.contents:
        if not foreign(language, content):
            losses.update((loss.original, loss) for loss in sjis.gate(_plain_text(content)).losses)
    if not losses:
        return ()
    changed = "、".join(
        f"{loss.original}→{loss.shown}" for loss in losses.values() if loss.shown != sjis.GETA
    )
    missing = "、".join(loss.original for loss in losses.values() if loss.shown == sjis.GETA)
    what = (f"携帯版で使えない文字を置きかえました（{changed}）。" if changed else "") + (
        f"携帯版で表せない文字を「{sjis.GETA}」にしました（{missing}）。" if missing else ""
    )
    todo = (
        "意味が通じにくいときは、かなや別の言葉で書き直してください。"
        if missing
        else "このままで差し支えなければ、何もする必要はありません。"
    )
    return (
        Problem(
            "simplified",
            what,
            bulletin.card.title,
            "通常版と軽量版では、元の文字のまま表示しています。",
            todo,
        ),
    )


def _plain_text(content: PublicContent) -> str:
    """Title and text, to see which characters they need."""
    if isinstance(content, PublicWorkbook):
        return content.head.title
    blocks = content.blocks if isinstance(content, Notice) else ()
    return "\n".join([content.head.title, *content.head.districts, *_texts(blocks)])


def _texts(blocks: Sequence[Block]) -> Iterable[str]:
    for block in blocks:
        match block:
            case Paragraph(inlines) | Heading(_, inlines):
                yield plain(inlines)
            case Preformatted(text):
                yield text
            case Figure(_, alt):
                yield alt
            case Quote(inner):
                yield from _texts(inner)
            case Listing(items):
                yield from (text for item in items for text in _texts(item))
            case Grid(header, rows):
                yield from (plain(cell) for row in (header, *rows) for cell in row)


def foreign(language: str, content: PublicContent) -> bool:
    """Whether a language has to be left out of the legacy edition."""
    if language in ("ja", "easy"):
        return False
    shown = sjis.gate(_plain_text(content)).text
    return shown.count(sjis.GETA) > UNREADABLE * max(1, len(shown))
