"""From bytes to the text of a document: one door, whatever the file is."""

from __future__ import annotations

from datetime import datetime

from publisher.errors import Unreadable
from publisher.model import Content, Problem
from publisher.patterns import pattern

TEXTS = {".md": "markdown", ".markdown": "markdown", ".txt": "text", ".text": "text"}
TABLES = {".csv": "delimited", ".tsv": "delimited", ".xlsx": "sheet", ".xlsm": "sheet", ".xls": "sheet", ".ods": "sheet"}
PICTURES = (".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".heic", ".heif", ".gif", ".webp", ".bmp")
READERS = {**TEXTS, **TABLES, ".docx": "word", ".pdf": "pdf", ".xml": "pfif", **dict.fromkeys(PICTURES, "picture")}
"""Ending → reader. Any other ending is told what to save it as."""

LANGUAGES = {
    tag.lower(): tag
    for tag in ["ja", "easy", "en", "zh", "zh-Hans", "zh-Hant", "zh-CN", "zh-TW", "ko", "vi", "pt", "pt-BR", "es", "tl", "fil", "id", "th", "ne", "my", "uk", "ru", "fr", "de", "it", "ar", "fa", "hi", "bn", "km", "lo", "mn", "ms", "si", "ta", "ur"]
}
"""Languages of ``name.<language>.md`` (BCP 47); ``easy`` is やさしい日本語."""

_TAGGED = pattern(r"^(.+)\.([A-Za-z]{2,4}(?:-[A-Za-z]{2,4})?)(\.[^./]+)$")
_SHOWN = "まだ公開していません。前に公開したものがあれば、そのまま見えています。"

ADVICE = {
    ".doc": "Word で開き、「名前を付けて保存」で種類を「Word 文書（.docx）」にしてください。",
    ".rtf": "Word で開き、「名前を付けて保存」で種類を「Word 文書（.docx）」にしてください。",
    ".odt": "Word か LibreOffice で開き、.docx か PDF で保存してください。",
    ".jtd": "一太郎で開き、PDF か Word（.docx）の形式で保存してください。",
    ".jtt": "一太郎で開き、PDF か Word（.docx）の形式で保存してください。",
    ".ppt": "PowerPoint で開き、PDF で保存してください。", ".pptx": "PowerPoint で開き、PDF で保存してください。",
    ".html": "本文だけをテキスト（.txt）か Word（.docx）にしてください。", ".htm": "本文だけをテキスト（.txt）か Word（.docx）にしてください。",
    ".zip": "中のファイルを取り出して、1つずつ置いてください。", ".lzh": "中のファイルを取り出して、1つずつ置いてください。",
    ".json": "表なら CSV にしてください。",
    ".xlsb": "Excel で開き、「Excel ブック（.xlsx）」で保存してください。", ".lnk": "ショートカットではなく、ファイルそのものを置いてください。",
    ".url": "アドレスを文章に書いて、テキスト（.txt）で置いてください。", ".msg": "本文をテキスト（.txt）にして置いてください。",
    ".eml": "本文をテキスト（.txt）にして置いてください。", ".mp4": "動画は公開できません。内容を文章にして置いてください。",
    ".mov": "動画は公開できません。内容を文章にして置いてください。",
}  # fmt: skip


def split_language(path: str) -> tuple[str, str]:
    """``給水.en.md`` → (``給水.md``, ``en``). What is no language of ours stays part of the name, and the document is Japanese."""
    match = _TAGGED.match(path)
    if match and (tag := LANGUAGES.get(match[2].lower())) is not None and match[3].lower() in READERS:
        return match[1] + match[3], tag
    return path, "ja"


def ending(path: str) -> str:
    name = path.rpartition("/")[2]
    dot = name.rfind(".")
    return name[dot:].lower().strip() if dot > 0 else ""


def read(path: str, data: bytes, arrived: datetime) -> Content:
    """The text of a file that arrived at that moment (aware, in the site's zone). Raises ``Unreadable`` and nothing else."""
    try:
        return _read(path, data, arrived)
    except (Unreadable, ImportError):  # a missing part of the program is no fault of the file
        raise
    except (Exception, RecursionError, MemoryError) as error:  # whatever a library throws at a damaged file
        raise Unreadable(
            Problem(
                "unreadable", f"ファイルを読み取れませんでした（{type(error).__name__}）。壊れているおそれがあります。", path, _SHOWN,
                "もとのソフトで開けるか確かめ、保存し直してから、もう一度置いてください。",
            )
        ) from error  # fmt: skip


def _read(path: str, data: bytes, arrived: datetime) -> Content:
    suffix = ending(path)
    if not data:
        raise Unreadable(
            Problem("empty-file", "中身が空（0バイト）です。コピーが途中で終わったおそれがあります。", path, _SHOWN, "もとのファイルを確かめて、もう一度置いてください。")
        )
    if suffix not in READERS:
        todo = ADVICE.get(suffix, "文章は .txt か .docx、表は .csv か .xlsx、紙は .pdf か .jpg で置いてください。")
        raise Unreadable(Problem("unknown-kind", f"この種類のファイル（{suffix or '拡張子なし'}）は公開できません。", path, _SHOWN, todo))
    from publisher.readers.disguise import recognise

    reader, warnings = recognise(path, READERS[suffix], data)
    content = _reader(reader)(path, data, arrived)
    if warnings:
        from publisher.values import replace

        content = replace(content, warnings=(*warnings, *content.warnings))
    return content


def _reader(name: str):
    if name == "markdown":
        from publisher.readers.notice import read_markdown as reader
    elif name == "text":
        from publisher.readers.notice import read_text as reader
    elif name == "word":
        from publisher.readers.word import read_docx as reader
    elif name == "pdf":
        from publisher.readers.pdf import read_pdf as reader
    elif name == "sheet":
        from publisher.readers.sheet import read_sheet as reader
    elif name == "pfif":
        from publisher.readers.pfif import read_pfif as reader
    elif name == "delimited":
        from publisher.readers.delimited import read_delimited as reader
    else:
        from publisher.readers.picture import read_picture as reader
    return reader
