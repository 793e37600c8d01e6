"""Made-up bulletins of a city after an earthquake, for the tests of pages."""

from __future__ import annotations

import hashlib
import io
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from publisher.model import (
    Break,
    Bulletin,
    Card,
    Category,
    Figure,
    Grid,
    Head,
    Heading,
    Jpeg,
    Kind,
    Link,
    Listing,
    Notice,
    Paragraph,
    Picture,
    Preformatted,
    Quote,
    Ruby,
    Rule,
    Scan,
    Severity,
    State,
    Strong,
    Text,
    Version,
)

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2011, 3, 12, 12, 0, tzinfo=TOKYO)
WATER = Category("給水", "給水", "kyusui")
SHELTER = Category("避難所", "避難所", "hinanjo")
CATEGORIES = (
    Category("ごみ", "ごみ", "gomi"),
    Category("ボランティア", "ボランティア", "volunteer"),
    Category("医療", "医療", "iryo"),
    WATER,
    Category("道路", "道路・交通", "doro"),
    Category("電気・ガス", "電気・ガス", "denki-gas"),
    Category("炊き出し", "炊き出し・物資", "takidashi"),
    Category("罹災証明", "罹災証明", "risai"),
    SHELTER,
)


def t(*texts: str) -> tuple[Text, ...]:
    return tuple(Text(text) for text in texts)


def p(*texts: str) -> Paragraph:
    return Paragraph(t(*texts))


def jpeg(width: int, height: int, seed: int = 0, quality: int = 60) -> Jpeg:
    """A real picture that looks like a filled form."""
    from PIL import Image, ImageDraw

    image = Image.new("L", (width, height), 250)
    draw = ImageDraw.Draw(image)
    for y in range(height // 12, height - 10, max(8, height // 16)):
        draw.rectangle(
            (width // 10, y, width - width // 10 - (y * (seed + 7)) % (width // 3), y + max(2, height // 60)),
            fill=60,
        )
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    data = stream.getvalue()
    return Jpeg(hashlib.sha256(data).hexdigest(), width, height, data)


def picture(seed: int = 0) -> Picture:
    return Picture(jpeg(1200, 1600, seed), jpeg(480, 640, seed, 30), jpeg(228, 304, seed, 20))


def notice(title: str = "給水所の案内", blocks: tuple = (), **head: object) -> Notice:
    pages = head.pop("pages", ())
    return Notice(Head(title, **head), blocks or WATER_BLOCKS, pages)  # type: ignore[arg-type]


WATER_BLOCKS = (
    p("市内の全域で断水しています。次の場所で水を配っています。水を入れる容器をお持ちください。"),
    Heading(2, t("給水所")),
    Grid(
        (t("場所"), t("時間"), t("状況"), t("備考")),
        (
            (t("汐見小学校"), t("9時〜17時"), t("開設中"), t("正門からお入りください。駐車場はありません。")),
            (t("髙島公民館"), t("9時〜12時"), t("開設中"), ()),
            (t("市役所前広場"), t("13時〜17時"), t("準備中"), t("給水車が来しだい始めます")),
        ),
    ),
    Heading(2, t("お願い")),
    Listing(
        ((p("一人 3 リットルまでです。"),), (p("お年寄りに"), Listing(((p("順番をゆずってください。"),),)))),
        None,
    ),
    Listing(((p("受付で名前を言います"),), (p("容器を出します"),)), 1),
    Paragraph(
        (
            *t("くわしくは"),
            Link("https://example.jp/水/?a=1&b=2", t("水道局のページ")),
            *t("を見るか、0000-00-2222 へ。"),
            Break(),
            Strong(t("飲む前に沸かしてください。")),
            Ruby("汐見", "しおみ"),
        )
    ),
    Quote((p("水は大切に。"),)),
    Preformatted("表\t1\n  <b>&\n"),
    Rule(),
)


def card(id_: str = "4f2k7q", title: str = "給水所の案内", **more: object) -> Card:
    values: dict = {
        "id": id_,
        "kind": Kind.NOTICE,
        "path": f"n/{id_}.html",
        "title": title,
        "category": WATER,
        "date": NOON - timedelta(hours=2),
        "updated": NOON,
        "summary": "市内の全域で断水しています。次の場所で水を配っています。水を入れる容器をお持ちください。",
    }
    return Card(**{**values, **more})


def bulletin(content: Notice | Scan | None = None, **more: object) -> Bulletin:
    """A bulletin of one content in Japanese; ``version=2`` gives it a history."""
    content = content or notice()
    contents = more.pop("contents", None) or (("ja", content),)
    head = content.head
    values: dict = {
        "title": head.title,
        "severity": head.severity,
        "districts": head.districts,
        "drill": head.drill,
        "languages": tuple(language for language, _ in contents),
        "kind": Kind.SCAN if isinstance(content, Scan) else Kind.NOTICE,
    }
    made = card(**{**values, **more})
    versions = tuple(
        Version(n, NOON - timedelta(hours=made.version - n), f"{n:064x}") for n in range(1, made.version + 1)
    )
    return Bulletin(made, versions, contents)


def gone(state: State = State.WITHDRAWN) -> Bulletin:
    made = card(
        title="誤って公開した名簿",
        state=state,
        severity=Severity.URGENT,
        districts=("秘密町",),
        summary="",
        languages=("ja", "en"),
    )
    return Bulletin(made, (Version(1, NOON, "0" * 64),), ())


def figure_notice() -> Notice:
    return notice(
        "通行止めの地図",
        (p("通行止めの場所です。"), Figure(picture(1), "通行止めの場所の地図"), p("迂回してください。")),
    )


def frame(**changes: object):
    """A frame of the sample city. ``contact``, ``url``, ``title``, ``light``, ``legacy``, ``mirrors`` may
    be changed.
    """
    from pathlib import Path

    from publisher.editions import Frame, Theme
    from publisher.settings import Editions, MirrorSettings, Paths, Settings, Site

    mirrors = changes.pop(
        "mirrors",
        (
            MirrorSettings("予備", "s3://b", public_url="https://yobi.example.net"),
            MirrorSettings("倉庫", "s3://c"),
        ),
    )
    editions = Editions(changes.pop("light", True), changes.pop("legacy", True))  # type: ignore[arg-type]
    site = {
        "title": "汐見市 災害情報",
        "publisher": "汐見市",
        "url": "https://saigai.example.jp/",
        "contact": "災害対策本部 0000-00-2111",
        **changes,
    }
    folder = Path()
    return Frame(
        Settings(Site(**site), Paths(folder, folder, folder, folder), editions, (), mirrors), Theme.load()
    )  # type: ignore[arg-type]


BUDGETS = {"k/": 10_000, "i/": 5_000}


def text_of(page) -> str:
    """The page decoded strictly, in the encoding of its edition."""
    return page.body.decode("shift_jis" if page.path.startswith("i/") else "utf-8")


def html_pages(pages) -> list:
    return [page for page in pages if page.path.endswith(".html")]


def links(html: str) -> list[str]:
    """Every href and src of a page."""
    import re
    from html import unescape

    return [unescape(match) for match in re.findall(r'(?:href|src)="([^"]*)"', html)]
