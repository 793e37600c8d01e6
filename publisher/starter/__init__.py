"""A site to start from: the configuration with its comments, sample documents, a how-to for staff."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from publisher.errors import PublisherError, SiteError, UsageError
from publisher.model import Problem

__all__ = ["FOLDERS", "SAMPLES", "init"]

SAMPLES = (
    "_使い方.html",
    "給水/給水所.md",
    "給水/給水所.en.md",
    "給水/給水所.easy.md",
    "避難所/避難所の開設状況.csv",
    "道路/道路の通行止め.xlsx",
    "罹災証明/罹災証明書の申請.docx",
    "生活/自衛隊の入浴支援.pdf",
)
"""One of each common kind, but no evacuation order: a forgotten sample must not frighten anybody."""

FOLDERS = ("避難情報", "医療", "ごみ", "学校", "_下書き")
"""Empty folders beside the samples, so that staff see where things go."""

_PACKAGE = Path(__file__).resolve().parents[1]
_NOTHING = "何も公開していません。"


def init(directory: Path, dry: bool = False) -> tuple[str, ...]:
    """Make ``directory`` a site; the paths of the files made in it (with ``dry``: that would be made).

    A file that is already there stays as it is and is not in the list. Raises ``UsageError`` when the
    directory is a site already or cannot be one, ``SiteError`` when it cannot be written; files made
    until then stay.
    """
    _refuse(directory)
    made = tuple(path for path, _ in _files() if not (directory / path).exists())
    if dry:
        return made
    try:
        for path, data in _files():
            _create(directory / path, data)
        for folder in FOLDERS:
            (directory / "content" / folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(directory, error) from error
    return made


def _refuse(directory: Path) -> None:
    # lstat: a dangling link of that name is somebody's intention, too
    settings = directory / "publisher.toml"
    if settings.exists() or settings.is_symlink():
        raise UsageError(Problem(
            "already-a-site", "ここには、もうサイトの設定があります。", str(settings),
            "いまあるサイトには、何もしていません。",
            "新しいサイトは、別のフォルダーを指定して作ってください。"))
    for place in (directory, *directory.parents):
        if place.exists() or place.is_symlink():
            if not place.is_dir():
                raise UsageError(Problem(
                    "not-a-folder", "フォルダーではなく、ファイルです。", str(place),
                    _NOTHING,
                    "フォルダーの名前を指定してください。"))
            return


def _files() -> Iterator[tuple[str, bytes]]:
    """The configuration last: as long as it is missing, an interrupted ``init`` can be run again."""
    samples = _samples()
    for path in SAMPLES:
        yield f"content/{path}", (samples / path).read_bytes()
    yield "publisher.toml", (Path(__file__).parent / "publisher.toml").read_bytes()


def _samples() -> Path:
    """In an installed package beside the code, in a checkout the repository's own drop folder."""
    for folder in (_PACKAGE / "_sample", _PACKAGE.parent / "content"):
        if all((folder / path).is_file() for path in SAMPLES):
            return folder
    raise SiteError(Problem(
        "no-samples", "見本のファイルが見つかりません。", str(_PACKAGE), _NOTHING,
        "publisher をインストールし直してください。"))


def _create(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = path.open("xb")
    except FileExistsError:
        return  # theirs, not ours
    try:
        with file:
            file.write(data)
    except OSError:
        path.unlink(missing_ok=True)  # half a file would be taken for theirs at the next try
        raise


def _unwritable(directory: Path, error: OSError) -> PublisherError:
    return SiteError(Problem(
        "cannot-write", f"書き込めません（{error.strerror or error}）。", str(error.filename or directory),
        _NOTHING, "空き容量と、フォルダーの権限を確かめてください。"))
