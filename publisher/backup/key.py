"""The key of a backup: 32 random bytes in a file, and the same as words on paper.

The words are those of BIP-39 (24 of 2,048, the last one holds a checksum), in hiragana and in English: either list alone gives the key back.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import unicodedata
from pathlib import Path

from publisher.errors import BackupError
from publisher.model import Problem
from publisher.values import field, frozen

SIZE = 32
WORDS = 24
_MARK = "SAIGAI-BACKUP-KEY-1:"
_SHOWN = "公開中のページは、そのまま見えています。"

LANGUAGES = ("japanese", "english")


@frozen
class Key:
    """The secret of a backup. ``id`` tells keys apart without giving anything away."""

    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> Key:
        return cls(secrets.token_bytes(SIZE))

    def derive(self, purpose: str) -> bytes:
        """A key of its own for each purpose (HKDF, RFC 5869)."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), 32, b"saigai-publisher backup 1", purpose.encode()).derive(self.secret)

    @property
    def id(self) -> bytes:
        return self.derive("id")[:16]

    # --- the file ---

    def text(self) -> str:
        """What the key file holds: one line with a checksum, under lines that say what it is."""
        check = hashlib.sha256(self.secret).digest()[:4]
        word = base64.b32encode(self.secret + check).decode("ascii").rstrip("=")
        return (
            "# 災害情報のバックアップの鍵です。この鍵がないと、バックアップは誰にも（作った人にも）開けません。\n"
            "# 人に見せたり、メールで送ったりしないでください。紙の控えを金庫に入れてください。\n"
            f"{_MARK}{word}\n"
        )

    @classmethod
    def parse(cls, text: str, where: str) -> Key:
        """The key in the text of a key file. Raises ``BackupError``."""
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        if len(lines) == 1 and lines[0].startswith(_MARK):
            word = lines[0].removeprefix(_MARK)
            try:
                data = base64.b32decode(word + "=" * (-len(word) % 8), casefold=True)
            except ValueError:
                data = b""
            secret, check = data[:SIZE], data[SIZE:]
            if len(secret) == SIZE and hmac.compare_digest(hashlib.sha256(secret).digest()[:4], check):
                return cls(secret)
        raise BackupError(
            Problem(
                "backup-key-damaged", "バックアップの鍵ファイルの中身が、鍵の形ではありません（一部が欠けたか、別のファイルです）。", where, _SHOWN,
                "鍵ファイルの控えを使うか、紙に控えた24語の言葉を使ってください。",
            )
        )  # fmt: skip

    @classmethod
    def read(cls, file: Path) -> Key:
        """The key in a file that nobody but its owner can read. Raises ``BackupError``."""
        try:
            mode = file.stat().st_mode
            text = file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError as error:
            raise BackupError(
                Problem(
                    "backup-key-missing", "バックアップの鍵ファイルがありません。", str(file), _SHOWN,
                    "初めてなら publisher backup --new-key で作ってください。前に作ったものがあるなら、同じ場所に戻してください。",
                )
            ) from error  # fmt: skip
        except OSError as error:
            raise BackupError(
                Problem(
                    "backup-key-unreadable", f"バックアップの鍵ファイルを読めません（{error.strerror or error}）。", str(file), _SHOWN,
                    "ファイルの権限と場所を確かめてください。",
                )
            ) from error  # fmt: skip
        if os.name == "posix" and mode & 0o077:
            raise BackupError(
                Problem(
                    "backup-key-open", f"バックアップの鍵ファイルを、ほかの人も読めるようになっています（{mode & 0o777:03o}）。", str(file), _SHOWN,
                    f"「chmod 600 {file}」で、自分だけが読めるようにしてください。知らない人が読んだおそれがあれば、新しい鍵に替えてください。",
                )
            )  # fmt: skip
        return cls.parse(text, str(file))

    def write(self, file: Path) -> None:
        """Make the key file (0600). One that stands there is never overwritten: ``BackupError``."""
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            if not (isinstance(error, FileExistsError) and file.exists()):  # the same error where a file stands in place of its folder
                raise BackupError(_unwritable(file, error)) from error
            raise BackupError(
                Problem(
                    "backup-key-stands", "バックアップの鍵ファイルは、もうあります。書きかえると前のバックアップを開けなくなるため、何もしていません。", str(file),
                    _SHOWN, "新しい鍵に替えるときは、前のファイルを別の名前で残してから、もう一度実行してください。",
                )
            ) from error  # fmt: skip
        with os.fdopen(number, "w", encoding="utf-8") as out:
            out.write(self.text())
            out.flush()
            os.fsync(out.fileno())

    # --- the words ---

    def words(self, language: str) -> tuple[str, ...]:
        """The key as 24 words of ``LANGUAGES``."""
        from mnemonic import Mnemonic

        phrase = Mnemonic(language).to_mnemonic(self.secret)
        return tuple(unicodedata.normalize("NFC", phrase).split())

    @classmethod
    def from_words(cls, typed: str) -> Key:
        """The key behind 24 words as a person types them: any spaces, commas, numbers, capitals, katakana. Raises ``BackupError``.

        A word that is in neither list is named by its number, with the nearest that is.
        """
        from mnemonic import Mnemonic

        given = _typed(typed)
        if not given:
            raise _phrase("合言葉が空です。", "紙に控えた24語を、順番どおりに入れてください。")
        books = {language: Mnemonic(language) for language in LANGUAGES}
        lists = {language: [_plain(word) for word in book.wordlist] for language, book in books.items()}
        language = max(LANGUAGES, key=lambda one: sum(word in set(lists[one]) for word in given))
        known = lists[language]
        for number, word in enumerate(given, 1):
            if word not in known:
                raise _phrase(f"{number}番目の言葉は、合言葉の一覧にありません。", _nearest(word, known))
        if len(given) != WORDS:
            raise _phrase(f"合言葉は{WORDS}語ですが、{len(given)}語ありました。", "抜けや重なりがないか、紙と見くらべてください。")
        chosen = [books[language].wordlist[known.index(word)] for word in given]
        try:
            return cls(bytes(books[language].to_entropy(chosen)))
        except ValueError as error:
            raise _phrase(
                "24語はどれも一覧にありますが、組み合わせが合いません（検査に通りませんでした）。",
                "1語の読みちがいか、順番の入れちがいがあります。紙と1語ずつ見くらべてください。",
            ) from error


def _typed(text: str) -> list[str]:
    """The words in what was typed; numbers, bullets and punctuation between them are no words."""
    import re

    return [_plain(word) for word in re.split(r"[^\w]+|[\d_]+", unicodedata.normalize("NFKC", text)) if word]


def _plain(word: str) -> str:
    """Capitals, katakana and half-width letters count as their plain forms; voicing marks are composed."""
    composed = unicodedata.normalize("NFKC", word).lower()
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in composed)


def _nearest(word: str, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word, known, 1, 0.5)
    return f"「{near[0]}」ではありませんか。紙と見くらべてください。" if near else "紙と見くらべてください。"


def _phrase(what: str, todo: str) -> BackupError:
    return BackupError(Problem("backup-phrase", what, "合言葉", _SHOWN, todo))


def paper(key: Key, title: str) -> str:
    """The sheet to print: both lists of words, and what they are for."""
    rows = list(zip(key.words("japanese"), key.words("english"), strict=True))
    half = WORDS // 2
    lines = [f"{title} バックアップの合言葉", "=" * 48, ""]
    for number in range(half):
        cells = []
        for index in (number, number + half):
            japanese, english = rows[index]
            cells.append(f"{index + 1:2}. {japanese}{'　' * (7 - len(japanese))}{english:<10}")
        lines.append("   ".join(cells).rstrip())
    lines += [
        "",
        "- ひらがなの24語か、英語の24語か、どちらか片方を1番から順に入れれば、バックアップを開けます。",
        "- 使うとき: publisher -C 新しいフォルダー restore バックアップの場所 --phrase",
        "- この紙を2枚作り、庁舎の金庫と、離れた場所（支所や隣の市町村など）に分けて置いてください。",
        "- 写真に撮ったり、メールで送ったり、パソコンに打ちこんで残したりしないでください。",
        f"- 鍵の番号: {key.id.hex()[:8]}",
    ]
    return "\n".join(lines) + "\n"


def _unwritable(file: Path, error: OSError) -> Problem:
    return Problem(
        "backup-key-unwritable", f"バックアップの鍵ファイルを作れません（{error.strerror or error}）。", str(file), _SHOWN, "フォルダーの権限を確かめてください。"
    )
