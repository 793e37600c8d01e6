"""A PFIF document as a table of people, under the column names of a Japanese roll."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath

from publisher.errors import Unreadable
from publisher.model import Head, Problem, Table, Workbook
from publisher.readers.pfif_records import NOTE, PERSON, NotPfif, Person, expire, moment, parse

COLUMNS: Mapping[str, str] = {
    "full_name": "氏名", "family_name": "姓", "given_name": "名", "alternate_names": "フリガナ・別名", "sex": "性別", "age": "年齢",
    "date_of_birth": "生年月日", "home_state": "都道府県", "home_city": "市区町村", "home_neighborhood": "町名", "home_street": "住所（番地）",
    "home_postal_code": "郵便番号", "home_country": "国籍・国", "description": "説明", "photo_url": "写真のアドレス", "profile_urls": "プロフィールのアドレス",
    "person_record_id": "記録番号（person_record_id）", "author_name": "記入者の氏名", "author_email": "記入者のメール", "author_phone": "記入者の電話番号",
    "source_name": "情報源", "source_date": "情報の日時", "source_url": "情報源のアドレス", "entry_date": "登録日時", "expiry_date": "掲載の期限",
}  # fmt: skip
"""PFIF field of a person → column, in the order of the table."""
NOTE_COLUMNS: Mapping[str, str] = {
    "status": "安否", "last_known_location": "最後に確認された場所", "source_date": "安否の確認日時", "text": "安否の説明", "author_made_contact": "本人と連絡",
    "email_of_found_person": "本人のメール", "phone_of_found_person": "本人の電話番号", "author_name": "安否の記入者の氏名",
    "author_email": "安否の記入者のメール", "author_phone": "安否の記入者の電話番号", "note_record_id": "安否の記録番号（note_record_id）",
    "linked_person_record_id": "同じ人の記録番号（linked_person_record_id）", "entry_date": "安否の登録日時", "photo_url": "安否の写真のアドレス",
}  # fmt: skip
"""Field of the newest note → column."""
SEXES = {"female": "女", "male": "男", "other": "その他"}
STATUSES = {
    "information_sought": "情報を求めている", "is_note_author": "本人が知らせた", "believed_alive": "無事との情報", "believed_missing": "行方不明との情報",
    "believed_dead": "亡くなったとの情報",
}  # fmt: skip
CONTACTS = {"true": "あり", "false": "なし"}
_WORDS: Mapping[str, Mapping[str, str]] = {"sex": SEXES, "status": STATUSES, "author_made_contact": CONTACTS}

_SHOWN = "まだ公開していません。前に公開したものがあれば、そのまま見えています。"
_REFUSED = {
    "other": ("PFIF（安否情報の交換の形式）ではない XML です。", "表なら CSV、文章ならテキスト（.txt）にしてください。"),
    "broken": ("XML が壊れていて、最後まで読めません。", "書き出し直してもらい、もう一度置いてください。"),
    "dtd": ("XML の中に、外のファイルや置きかえの指定（DTD）があります。安全のため読みません。", "DTD のない PFIF で書き出し直してもらってください。"),
    "large": ("PFIF が大きすぎて読めません。", "いくつかのファイルに分けて書き出してもらってください。"),
}

assert set(COLUMNS) == set(PERSON)
assert set(NOTE_COLUMNS) == set(NOTE) - {"person_record_id"}


def read_pfif(path: str, data: bytes, arrived: datetime) -> Workbook:
    """The people of a PFIF document, one a row, with what the newest note says of each. Raises ``Unreadable``.

    Records that had expired when the file arrived are wiped and left out; ``Table.ends`` says when the others do.
    """
    try:
        persons = parse(data)
    except NotPfif as error:
        what, todo = _REFUSED[error.code]
        raise Unreadable(Problem("no-pfif" if error.code == "other" else "bad-pfif", what, path, _SHOWN, todo)) from error
    living = [person for person in expire(persons, arrived) if set(person.fields) - {"person_record_id"} - _DATES]
    title = PurePosixPath(path).stem.strip()
    dates = [when for person in living for when in _moments(person)]
    as_of = max((when for when in dates if when <= arrived), default=None)
    as_of = None if as_of is None else as_of.astimezone(arrived.tzinfo)
    table = Table(
        name="",
        columns=(*COLUMNS.values(), *NOTE_COLUMNS.values()),
        rows=[_row(person) for person in living],
        lines=list(range(1, len(living) + 1)),
        as_of=as_of,
        ends=tuple(person.ends for person in living) if any(person.ends for person in living) else (),
    )
    gone = len(persons) - len(living)
    return Workbook(Head(title, date=as_of), (_narrowed(table),), (_expired(path, gone),) if gone else ())


_DATES = {"source_date", "entry_date", "expiry_date"}


def _moments(person: Person) -> list[datetime]:
    said = [person.fields.get("source_date", ""), *(note.get("source_date", "") for note in person.notes)]
    return [when for text in said if (when := moment(text)) is not None]


def _row(person: Person) -> tuple[str, ...]:
    note: Mapping[str, str] = max(person.notes, key=lambda note: note.get("source_date", ""), default={})
    own = (_told(name, person.fields.get(name, "")) for name in COLUMNS)
    return (*own, *(_told(name, note.get(name, "")) for name in NOTE_COLUMNS))


def _told(name: str, value: str) -> str:
    return _WORDS[name].get(value, value) if name in _WORDS else value


def _narrowed(table: Table) -> Table:
    """Without the columns that nobody filled."""
    kept = [c for c in range(len(table.columns)) if any(row[c] for row in table.rows)] or list(range(len(table.columns)))
    rows = [tuple(row[c] for c in kept) for row in table.rows]
    return Table(
        name=table.name,
        columns=tuple(table.columns[c] for c in kept),
        rows=rows,
        lines=table.lines,
        as_of=table.as_of,
        ends=table.ends,
    )


def _expired(path: str, count: int) -> Problem:
    return Problem(
        "expired-records",
        f"掲載の期限（expiry_date）が過ぎた人の記録が{count}件ありました。",
        path,
        "期限の過ぎた記録は、読みこまず、公開もしません。",
        "直す必要はありません。",
    )
