"""The look and the wording: templates, styles and words from ``themes/``, of which a site may override
any single file.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.errors import SettingsError
from publisher.model import Problem
from publisher.values import field, frozen

if TYPE_CHECKING:
    import jinja2

FALLBACK = ("en", "ja")
"""Where the words of a language come from that has none of its own."""

COMMON = "common/"
NAMES = "names"


def packaged() -> Path:
    """The theme that comes with the program: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_themes"
    return inside if inside.is_dir() else package.parent / "themes"


@frozen(slots=False)
class Theme:
    """The files of a theme by their path below ``themes/`` (``web/page.html``), and a fingerprint that
    changes when one of them does.
    """

    files: Mapping[str, str] = field(repr=False)
    fingerprint: str
    #: Where compiled templates are kept from one process to the next; None: nowhere.
    compiled: Path | None = field(default=None, repr=False, compare=False)

    @classmethod
    def load(cls, folders: Sequence[Path] = (), compiled: Path | None = None) -> Theme:
        """Read ``folders``, the first one winning for each file, then what comes with the program.

        ``compiled``: a folder of the site's state for compiled templates. Raises SettingsError for a file that is not UTF-8 or wording that is not TOML.
        """
        files: dict[str, str] = {}
        for folder in (*folders, packaged()):
            for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
                name = path.relative_to(folder).as_posix()
                if (
                    name in files
                    or not path.is_file()
                    or any(part.startswith((".", "_")) for part in name.split("/"))
                ):
                    continue
                files[name] = _text(path)
        digest = hashlib.sha256()
        for name in sorted(files):
            digest.update(f"{name}\0{len(files[name])}\0{files[name]}".encode())
        return cls(files, digest.hexdigest()[:16], compiled)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def environment(self) -> jinja2.Environment:
        """What compiles the templates, all under the same rules."""
        import jinja2

        return jinja2.Environment(
            loader=jinja2.DictLoader(dict(self.files)),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
            bytecode_cache=None if self.compiled is None else _kept(self.compiled),
        )

    def name(self, language: str) -> str:
        """What a language calls itself (``common/names.toml``); its tag when that is not known."""
        return self.words(NAMES).get(language, language)

    @lru_cache(maxsize=64)  # noqa: B019 - a theme lives as long as the process
    def words(self, language: str) -> Mapping[str, str]:
        """The words of a language: ``common/<language>.toml`` and ``common/<room>.<language>.toml``; what
        it lacks comes from FALLBACK.
        """
        chain = [
            language,
            language.partition("-")[0],
            *(() if language == NAMES else ("ja",) if language in ("ja", "easy") else FALLBACK),
        ]
        words: dict[str, str] = {}
        for step in reversed(chain):
            for name, text in sorted(self.files.items()):
                stem = name.removeprefix(COMMON).removesuffix(".toml")
                if (
                    name.startswith(COMMON)
                    and name.endswith(".toml")
                    and (stem == step or stem.endswith(f".{step}"))
                ):
                    words.update(_wording(name, text))
        return words


def _kept(folder: Path) -> jinja2.BytecodeCache:
    """Compiled templates as files, each checked against its source. They only save time: a full disk stops nothing."""
    import jinja2

    class Kept(jinja2.FileSystemBytecodeCache):
        def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
            with suppress(OSError):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                super().dump_bytecode(bucket)

    return Kept(str(folder))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise SettingsError(
            Problem(
                "theme",
                "テーマのファイルの文字コードが UTF-8 ではありません。",
                str(path),
                "",
                "UTF-8 で保存し直してください。",
            )
        ) from error


def _wording(name: str, text: str) -> dict[str, str]:
    try:
        return {key: str(value) for key, value in tomllib.loads(text).items()}
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            Problem(
                "theme",
                f"文言のファイルを読めません（{error}）。",
                f"themes/{name}",
                "",
                "TOML の書き方を確かめてください。",
            )
        ) from error
