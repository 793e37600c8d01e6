"""Word documents: a notice of what stands on their paper, without what is hidden, deleted or said in comments."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any

from publisher.errors import Unreadable
from publisher.model import Block, Grid, Head, Listing, Notice, Picture, Problem
from publisher.readers.dateline import date_of
from publisher.readers.html_blocks import Converted, convert
from publisher.readers.html_runs import flat
from publisher.readers.inlines import is_drill, severity_of, title_from_path
from publisher.readers.word_hidden import Removed, slim, slim_styles, take_out_hidden
from publisher.readers.word_layout import mark_layout
from publisher.readers.word_numbering import Numbering
from publisher.readers.word_package import SHOWN, Package, packed, unpack
from publisher.readers.word_shapes import PICTURE, Shapes, settle_shapes
from publisher.readers.word_styles import Styles, W

MOST_PICTURES = 200
SMALLEST = 24
"""Pictures with both sides below this many pixels are bullets and lines."""
_TOP_LINES = 8

_STYLE_MAP = """
p[style-name='Title'] => h1:fresh
p[style-name='title'] => h1:fresh
p[style-name='表題'] => h1:fresh
p[style-name='見出し 1'] => h1:fresh
p[style-name='見出し 2'] => h2:fresh
p[style-name='見出し 3'] => h3:fresh
p[style-name='見出し 4'] => h4:fresh
p[style-name='Subtitle'] => p:fresh
b => strong
strike => s
"""


def read_docx(path: str, data: bytes, arrived: datetime) -> Notice:
    """The text, tables and pictures of a .docx. Properties (author, company), headers and footers are never read.

    Warnings say what was left out (comments, deletions, hidden text, diagrams, pictures outside the file); blacked out
    text and black boxes are doubts. Raises ``Unreadable`` for passwords, damage, zip bombs and empty documents.
    """
    try:
        return _Reading(path, unpack(path, data)).notice(arrived)
    except Unreadable:
        raise
    except Exception as error:  # mammoth and lxml raise what they like on files that no Word has written
        raise Unreadable(_broken(path)) from error


class _Reading:
    """One document on its way, and what there is to tell about it."""

    def __init__(self, path: str, package: Package) -> None:
        self._path = path
        self._package = package
        self._removed = Removed()
        self._shapes = Shapes()
        self._lost = 0

    def notice(self, arrived: datetime) -> Notice:
        self._clean()
        made = convert(self._html(), self._pictures())
        if not made.blocks and not made.title:
            raise Unreadable(_empty(self._path, self._removed, self._shapes))
        title = made.title or title_from_path(self._path)
        date = date_of([title, *_lines(tuple(made.blocks))], arrived)
        head = Head(title, date, severity=severity_of(title), drill=is_drill(title))
        return Notice(head, tuple(made.blocks), (), self._warnings(made), self._doubts())

    def _clean(self) -> None:
        xml = self._package.xml
        styles = Styles(xml.get("styles"))
        numbering = Numbering(xml.get("numbering"), styles)
        comments = xml.pop("comments", None)
        if comments is not None:
            self._removed.comments = sum(1 for _ in comments.iter(W + "comment"))
        for role in ("document", "footnotes", "endnotes"):
            if role in xml:
                settle_shapes(xml[role], role, self._package.outside, self._shapes)
                take_out_hidden(xml[role], styles, self._removed)
        mark_layout(xml["document"], numbering, styles)
        for role in ("document", "footnotes", "endnotes"):
            if role in xml:
                slim(xml[role])
        if "styles" in xml:
            slim_styles(xml["styles"])

    def _html(self) -> str:
        import mammoth

        def source(image: Any) -> dict[str, str]:
            match = re.fullmatch(f"{PICTURE}(\\d+){PICTURE}", image.alt_text or "")
            return {"src": match[1] if match else ""}

        kept, self._package.pictures = self._package.pictures, {}
        document = packed(self._package)
        self._package.pictures = kept
        result = mammoth.convert_to_html(
            document,
            convert_image=mammoth.images.img_element(source),
            style_map=_STYLE_MAP,
            include_embedded_style_map=False,
        )
        return result.value

    # --- pictures

    def _pictures(self) -> dict[str, tuple[Picture, str]]:
        found: dict[str, tuple[Picture, str]] = {}
        made: dict[tuple[str, tuple[float, ...]], Picture | None] = {}
        for number, (role, name, alt, crop) in enumerate(self._shapes.pictures):
            data = self._package.pictures.get(self._package.images.get((role, name), ""))
            if data is None or len(made) >= MOST_PICTURES:
                self._lost += 1
                continue
            key = hashlib.sha256(data).hexdigest(), crop
            if key not in made:
                made[key] = self._picture(data, crop)
            picture = made[key]
            if picture is not None:
                found[str(number)] = picture, alt or f"図{len(found) + 1}"
        return found

    def _picture(self, data: bytes, crop: tuple[float, ...]) -> Picture | None:
        """None for decorations and for kinds that are not read (drawings of Windows: EMF, WMF)."""
        from publisher.readers.picture import picture_from_bytes

        try:
            picture = picture_from_bytes(data, self._path, crop)
        except Unreadable:
            self._lost += 1
            return None
        if max(picture.large.width, picture.large.height) < SMALLEST:
            return None
        return picture

    # --- what staff are told

    def _warnings(self, made: Converted) -> tuple[Problem, ...]:
        removed, shapes = self._removed, self._shapes
        counted = (
            (removed.comments, "comments", "コメントが{}件あります。", "コメントは公開していません。",
             "必要な内容は本文に書いてください。"),
            (removed.deleted, "deleted", "変更履歴に、まだ確定していない削除が{}か所あります。",
             "削除した文字は公開していません。", "Word の「校閲」で変更を承諾するか元に戻すかして、保存し直してください。"),
            (removed.inserted, "inserted", "変更履歴に、まだ確定していない追加が{}か所あります。",
             "追加した文字は、確定したものとして公開しています。", "公開してよいか確かめ、Word の「校閲」で承諾してください。"),
            (removed.hidden, "hidden-text", "見えない文字（隠し文字、白い文字など）が{}字あります。",
             "見えない文字は公開していません。", "必要な文字なら、見えるようにして保存し直してください。"),
            (made.struck, "struck", "取り消し線を引いた文字が{}か所あります。", "「［取消線：…］」として公開しています。",
             "要らない文字は削除して保存し直してください。"),
            (made.unlinked, "link-left-out", "公開できないリンク（パソコンの中のファイルなど）が{}個あります。",
             "リンクを外し、文字だけを公開しています。", "リンク先は https:// で始まるアドレスにしてください。"),
            (shapes.drawn, "diagrams", "グラフや図形など、文字にできないものが{}個あります。", "その部分は公開していません。",
             "必要なら、同じ文書を PDF でも保存して置いてください。"),
            (shapes.outside, "outside-pictures", "文書の外にある画像へのリンクが{}個あります。", "その画像は公開していません。",
             "画像を文書の中に貼り付けて、保存し直してください。"),
            (self._lost, "lost-pictures", "表示できない種類の画像か、壊れた画像が{}個あります。", "その画像は公開していません。",
             "JPEG か PNG の画像に貼り替えるか、同じ文書を PDF でも保存して置いてください。"),
        )  # fmt: skip
        return tuple(
            Problem(code, what.format(count), self._path, shown, todo)
            for count, code, what, shown, todo in counted
            if count
        )

    def _doubts(self) -> tuple[Problem, ...]:
        found = []
        if self._removed.blacked:
            found.append(
                Problem(
                    "blacked-out",
                    f"黒く塗った文字が{self._removed.blacked}字あります。",
                    self._path,
                    "まだ公開していません。公開するときは「■」に置き換えます。",
                    "黒塗りの下の文字を削除して保存し直すか、このまま公開してよいか確かめてください。",
                )
            )
        if self._shapes.black:
            found.append(
                Problem(
                    "black-box",
                    f"黒い図形が{self._shapes.black}個、文章の上に置かれています。下の文字が隠れているかもしれません。",
                    self._path,
                    SHOWN,
                    "隠したい文字は図形で覆わずに削除し、保存し直してください。",
                )
            )
        return tuple(found)


# --- head -------------------------------------------------------------------------------------------------


def _lines(blocks: tuple[Block, ...]) -> list[str]:
    """The first lines of text, as they stand on paper."""
    found: list[str] = []
    for block in blocks[:_TOP_LINES]:
        if isinstance(block, (Listing, Grid)):
            break
        if hasattr(block, "inlines"):
            found += [line.strip() for line in flat(block.inlines).split("\n") if line.strip()]
    return found[:_TOP_LINES]


def _broken(path: str) -> Problem:
    return Problem(
        "broken-word",
        "Word の文書が壊れているため、読み取れませんでした。",
        path,
        SHOWN,
        "もとの文書が Word で開けるか確かめ、保存し直してから、もう一度置いてください。",
    )


def _empty(path: str, removed: Removed, shapes: Shapes) -> Problem:
    what = "文章がありません。"
    if removed.hidden or removed.deleted:
        what = "見える文章がありません（隠し文字か、削除した文字だけです）。"
    elif shapes.outside or shapes.drawn:
        what = "文章がありません（文書の外にある画像か、図形だけです）。"
    todo = "中身を書いて保存するか、PDF で保存して、もう一度置いてください。"
    return Problem("empty-text", what, path, SHOWN, todo)
