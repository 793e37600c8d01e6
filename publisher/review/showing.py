"""Which rows of a roll may be shown: by the columns of consent and withholding, by what is written beside them, by other rows of the same person."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import compress
from operator import and_, itemgetter
from typing import TYPE_CHECKING

from publisher.model import Problem, Table
from publisher.patterns import pattern
from publisher.readers.layout import numbers
from publisher.review import repeats
from publisher.review.headers import Meaning, meaning
from publisher.review.mentions import Names
from publisher.review.persons import quoted
from publisher.review.restrict import People
from publisher.values import field, frozen, record

if TYPE_CHECKING:
    from publisher.settings import TableProfile

_AGREES = pattern(r"(?:公表に)?同意(?:する|します|済み?|あり|有|いたします)?[。.]?|公表(?:可|してよい)|[○◯〇◎✓✔☑レ]|はい|可|よい|良い|有|あり|yes|true|ok|y")
_REFUSES = pattern(
    r"(?:無し?|なし|[×✕✖✗✘❌☓]|バツ|不可|否|いいえ|no|ng|n|false|反対|嫌|いや|だめ|ダメ|0)[。.]?"
    r"|.*(?:不同意|非同意|同意(?:し|でき|いたし|致し)?(?:ない|ません|かねる|かねます|なし|無し?|せず)|拒否|拒絶|望(?:まない|みません)|希望(?:しない|しません)|非公[開表]|公[開表](?:しない|不可|ng|[×✕✖]))(?!.*(?:確認|未定|検討)).*"
    r"|しない|しません|できない|できません"
)
_WORD = r"(?:(?<![a-z])d[・.]?v(?![a-z])|支援措置|閲覧(?:の)?制限|非公[開表]|秘匿|匿名|加害者|ストーカー|つきまとい|接近禁止|保護命令|暴力|ドメスティック(?:・?バイオレンス)?)"
_REMARK = pattern(
    rf"{_WORD}|(?:公[開表]|掲載|名前|氏名|名簿)[をはにへもが]?(?:の)?(?:不可|拒否|しない|しません|禁止|出さない|載せない|載せません|(?:を)?希望(?:しない|しません|せず)|望(?:まない|みません|まず)|を?(?:控え|辞退|遠慮)|され?たくない|(?:して|出して)ほしくない|を?伏せ|ng|[×✕✖])"
    r"|虐待|追われ|内緒|から逃げ|(?:知られ|見つから)ない(?:よう|で)|非掲載|名簿[かに]ら?(?:除外|外)|(?:名前|氏名|名簿|ネット)[^、。]{0,6}(?:載せ|出さ)ないで|載せないで|(?:知られ|知らせ|教え)たくない|(?:居場所|住所|連絡先|名前)を?[^、。]{0,8}(?:知られ|教えない|隠|言わない)"
)
"""Words beside a person that say why nobody may find them."""
_HINTS = tuple(
    ["dv", "d.v", "d・v", "支援措置", "閲覧", "非公", "秘匿", "匿名", "加害者", "ストーカー", "つきまとい", "接近禁止", "保護命令", "暴力", "ドメスティック", "公開", "公表", "掲載", "名前", "氏名", "名簿", "虐待", "追われ", "内緒", "から逃げ", "ない", "居場所", "住所", "連絡先"]
)
"""One of these is in whatever has such words: a look for them is many times faster than a search for the pattern."""
_NOT = pattern(
    rf"{_WORD}(?:等|被害|相談|希望|避難|対象(?:者)?|・|、|や|{_WORD})*(?:の?(?:有無|該当|申し?出|事実|心配|おそれ|希望|必要))?[はがをの:：(（\[・-]*(?:なし|無し?|ない|ません|ありません|受けていない|受けていません|解除|終了|□|×|✕|0|非該当|該当(?:なし|無し?|しない|せず)|でない|ではない)"
    r"|公[開表][・/]非公[開表](?!.)|(?:勤務先|勤め先|学校名|家族構成|家族|病名|病状|避難所名|連絡手段|電話(?:番号)?|携帯(?:番号)?|番号|写真|住所|番地|年齢|生年月日|メール(?:アドレス)?|連絡先)[はのをも]{0,2}(?:非公[開表]|(?:公[開表]|掲載)(?:しない|不可|を?希望(?:しない|しません)|[×✕]|ng))"
)
"""The same words where they are denied, or about something else than the person."""
_BLANKS = pattern(r"[^\S\n]+")
_OTHER_THINGS = pattern(r"写真|画像|電話|携帯|メール|ペット|車両|ナンバー")
_REMARKS = (None, Meaning.RECORD, Meaning.HEALTH, Meaning.HOUSEHOLD, Meaning.NAME, Meaning.READING)
"""Columns in which such words may stand. Beside them, 非公開 under 電話番号 is about the number; of these, DV and the like are not."""
_ALWAYS = pattern(r"(?<![a-z])d[・.]?v(?![a-z])|支援措置|加害者|ストーカー|つきまとい|接近禁止|保護命令")
_SIGNS = ("DV", "dv", "Dv", "D.V", "Ｄ", "ｄ", "D・V", "支援措置", "加害者", "ストーカー", "ｽﾄｰｶｰ", "つきまと", "接近禁止", "保護命令")
"""One of these is in every cell with such a word, before it is made one form."""
OWN = (Meaning.AGE, Meaning.SEX, Meaning.ADDRESS)
"""What these say is about the person of the row."""
NAMED = (Meaning.NAME, Meaning.READING)
ELSEWHERE = "marked-elsewhere"
_COUNTED = "その行の方は人数にだけ数え、載せていません。"


@frozen
class Rule:
    """The column of consent or withholding, and the cells (as ``key`` makes them) under which a row may be shown."""

    place: int
    allowed: frozenset[str]
    is_consent: bool

    def marks(self, cell: str) -> bool:
        """Whether somebody wrote into the cell what lets nobody be shown."""
        return bool(cell) and cell not in self.allowed

    def refuses(self, cell: str) -> bool:
        """Whether the person said no, which is more than not having been asked."""
        return self.marks(cell) and _REFUSES.fullmatch(cell) is not None


def key(text: str) -> str:
    """A column name or a cell for comparing: NFKC, no white space around or within, lower case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()


def rules_of(table: Table, profile: TableProfile) -> list[Rule]:
    """The rules of a profile whose columns the table has."""
    first: dict[str, int] = {}
    for c, name in enumerate(table.columns):
        first.setdefault(key(name), c)
    told = ((profile.consent.column, profile.consent.yes, True) if profile.consent else None, (profile.withhold.column, profile.withhold.unless, False) if profile.withhold else None)
    return [
        Rule(first[key(column)], frozenset(map(key, values)), is_consent)
        for column, values, is_consent in filter(None, told)
        if column and key(column) in first
    ]


# --- marks ---


@record
class Others:
    """What the rows of all tables of a file say of each other. ``absent``: names and readings of those who are not shown; ``remarks``: of
    each table, the rows that say so of their person."""

    marked: repeats.Marked = field(default_factory=repeats.Marked)
    absent: set[str] = field(default_factory=set, repr=False)
    remarks: list[tuple[Table, People, list[int]]] = field(default_factory=list, repr=False)

    def of(self, table: Table) -> tuple[People, list[int]]:
        """The people of a table, and the rows with a remark."""
        return next((people, rows) for one, people, rows in self.remarks if one is table)


def others_of(tables: Sequence[Table], profile: TableProfile, hidden: Sequence[Iterable[int]]) -> Others:
    """What the tables of a list of people say of whom nobody may see. ``hidden``: of each table, the rows of people who were taken off the list."""
    found = Others()
    for table, off in zip(tables, hidden, strict=True):
        people, rules = People(table), rules_of(table, profile)
        remarks = remarked(table, rules)
        found.remarks.append((table, people, remarks))
        for rows, is_refusal in _marks(table, rules, remarks):
            found.marked.add(people, rows, is_refusal)
        if len(tables) > 1:  # of one table alone, this is told when its rows are
            kept = Sifting(table, profile, "", tuple(rules)).sift({*off, *remarks}, None).kept
            found.absent |= people.named([i for i, is_kept in enumerate(kept) if not is_kept])
    return found


def _marks(table: Table, rules: Sequence[Rule], remarks: list[int]) -> Iterator[tuple[list[int], bool]]:
    """Rows with a mark or a refusal, and whether it is a refusal. That nothing is said says nothing of another row."""
    for rule in rules:
        yield _rows_with(table, rule.place, rule.refuses if rule.is_consent else rule.marks), rule.is_consent
    yield remarks, False


def tells_whom(column: str, profile: TableProfile) -> bool:
    """Whether a column may say who somebody is, or whether they may be shown: all do but those that no remark is looked for in."""
    rules = (profile.consent, profile.withhold)
    told = {key(rule.column) for rule in rules if rule is not None} | set(map(key, profile.publish))
    return meaning(column) is not Meaning.ROLE or key(column) in told


def fates(table: Table, profile: TableProfile, where: str) -> Shown:
    """Which rows of a list of people the rules let be shown. ``table`` needs no column but those that tell."""
    return sifting(table, profile, where).sift((), others_of([table], profile, [()]))


def sifting(table: Table, profile: TableProfile, where: str) -> Sifting:
    """What is needed to tell the rows of a table that may be shown, by the columns that its profile publishes."""
    public = set(map(key, profile.publish))
    places = tuple(c for c, name in enumerate(table.columns) if key(name) in public)
    return Sifting(table, profile, where, tuple(rules_of(table, profile)), places)


def _rows_with(table: Table, place: int, test: Callable[[str], bool]) -> list[int]:
    """The rows whose cell, as ``key`` makes it, says so."""
    cells = list(map(itemgetter(place), table.rows))
    told = {cell for cell in set(cells) if test(key(cell))}
    return [i for i, cell in enumerate(cells) if cell in told] if told else []


def remarked(table: Table, rules: Sequence[Rule]) -> list[int]:
    """The rows that say in a remark, in a column without name, in the place of a shelter, that the person must not be found."""
    ruled = {rule.place for rule in rules}
    found: set[int] = set()
    for place, name in enumerate(table.columns):
        about = meaning(name)
        if place in ruled or about is Meaning.ROLE:
            continue
        if about not in _REMARKS or _OTHER_THINGS.search(name):
            written = "\n".join(set(map(itemgetter(place), table.rows)))
            if any(sign in written for sign in _SIGNS):
                found.update(_rows_with(table, place, lambda cell: _ALWAYS.search(_NOT.sub("", cell)) is not None))
            continue
        said = key_lines(set(map(itemgetter(place), table.rows)))
        if any(hint in said for hint in _HINTS) and _REMARK.search(said):
            found.update(_rows_with(table, place, lambda cell: _REMARK.search(_NOT.sub("", cell)) is not None))
    return sorted(found)


def key_lines(texts: Collection[str]) -> str:
    """Many cells as ``key`` makes them, one a line, for one search over all of them."""
    lines = "\n".join(texts)
    if lines.count("\n") >= len(texts):
        lines = "\n".join(["".join(text.split()) for text in texts])
    # most names have a wide space; once it is gone, there is nothing to be done for the other two steps
    bare = _BLANKS.sub("", lines.replace("\u3000", "").replace(" ", ""))
    return unicodedata.normalize("NFKC", bare).replace(" ", "").lower()


# --- rows ---


@frozen
class Shown:
    """``kept``: one byte a row, 1 where it may be shown. ``refused``: the rule's column under which nobody's cell says what the profile knows."""

    kept: bytes
    warnings: tuple[Problem, ...] = ()
    refused: tuple[int, ...] = ()


@frozen
class Sifting:
    """What is needed to tell the rows that may be shown. ``places``: the columns that would be shown as they stand."""

    table: Table = field(repr=False)
    profile: TableProfile
    where: str
    rules: tuple[Rule, ...]
    places: tuple[int, ...] = ()

    def sift(self, hidden: Iterable[int], others: Others | None) -> Shown:
        """The rows that may be shown, and what staff is told of those that may not. ``others``: only in a list of people."""
        table = self.table
        kept = bytearray(b"\1") * len(table.rows)
        for i in hidden:
            kept[i] = 0
        told: list[Problem] = []
        refused = []
        for rule in self.rules:
            cells = list(map(itemgetter(rule.place), table.rows))
            verdict = {value: key(value) in rule.allowed for value in set(cells)}
            agreed = bytearray(map(and_, kept, map(verdict.__getitem__, cells)))
            if any(kept) and not any(agreed):
                refused.append(rule.place)
            kept = agreed
            told += self._other_words(rule, cells) if rule.is_consent else []
        if others is not None:
            told += self._cut(kept)
            told += self._struck(kept)
            people, remarks = others.of(table)
            told += self._remarked(kept, remarks)
            told += self._elsewhere(kept, people, others.marked)
            told += self._mentions(kept, people, others.absent)
        return Shown(bytes(kept), tuple(told), tuple(refused))

    def _other_words(self, rule: Rule, cells: Sequence[str]) -> list[Problem]:
        """People who agreed in other words than the profile knows are not shown: that must not pass unsaid."""
        words = {cell for cell in set(cells) if key(cell) not in rule.allowed and _AGREES.fullmatch(key(cell))}
        lines = [line for line, cell in zip(self.table.lines, cells, strict=True) if cell in words]
        if not lines:
            return []
        listed = "、".join(map(quoted, sorted(words)[:8]))
        what = f"「{self.table.columns[rule.place]}」の列に、同意と読めるのに設定にない書き方が{len(lines)}行あります：{listed}（{numbers(lines)}行目）。"
        todo = f"同意なら、publisher.toml の「{self.profile.name}」の consent の yes にその書き方を加えるか、表の書き方をそろえてください。"
        return [Problem("other-consent", what, self.where, _COUNTED, todo)]

    def _cut(self, kept: bytearray) -> list[Problem]:
        """A row that ends before the columns of consent and withholding says nothing of them: nobody left them blank."""
        table = self.table
        if not table.cut:
            return []
        unsure = [i for i, line in enumerate(table.lines) if line in table.cut and any(not table.rows[i][rule.place] for rule in self.rules)]
        if not unsure:
            return []
        self._leave_out(kept, unsure)
        what = f"途中で終わっている行があり、公表の同意や閲覧の制限を確かめられません（{self._numbers(unsure)}行目）。"
        return [Problem("cut-rows", what, self.where, _COUNTED, "行の終わりの列が抜けていないか、セルの中で改行していないか確かめ、直して保存し直してください。")]

    def _struck(self, kept: bytearray) -> list[Problem]:
        """Of whom a clerk struck something out, nobody can tell whether they are to stay."""
        rows = [i for i, line in enumerate(self.table.lines) if line in self.table.struck and kept[i]] if self.table.struck else []
        if not rows:
            return []
        self._leave_out(kept, rows)
        what = f"一部に取り消し線を引いた行があります（{self._numbers(rows)}行目）。"
        return [Problem("struck-rows", what, self.where, _COUNTED, "取り消す方なら行を削除し、載せる方なら取り消し線を外して保存し直してください。")]

    def _remarked(self, kept: bytearray, remarks: Sequence[int]) -> list[Problem]:
        rows = [i for i in remarks if kept[i]]
        if not rows:
            return []
        self._leave_out(kept, rows)
        what = f"備考などの列に、載せてはいけない方と読める言葉（DV、支援措置、非公開など）のある行があります（{self._numbers(rows)}行目）。"
        rule = f"「{self.profile.withhold.column}」の列" if self.profile.withhold else "withhold に設定した列"
        return [Problem("remarks", what, self.where, _COUNTED, f"載せてはいけない方なら、印を{rule}に入れてください。載せてよい方なら、その言葉を消して保存し直してください。")]

    def _elsewhere(self, kept: bytearray, people: People, others: repeats.Marked) -> list[Problem]:
        rows = others.among(people, list(compress(range(len(kept)), kept)))
        if not rows:
            return []
        self._leave_out(kept, rows)
        what = f"別の行に、載せない印か「同意しない」がある方と同じ方と見た行があります（{self._numbers(rows)}行目）。"
        return [Problem(ELSEWHERE, what, self.where, _COUNTED, "同じ方が2度入っていないか確かめてください。別の方なら、生年月日か住所を入れると見分けられます。")]

    def _mentions(self, kept: bytearray, people: People, absent: set[str]) -> list[Problem]:
        """Rows that would name somebody who is not shown: in the place of a shelter, in a remark, in the name of their kin."""
        rows = self.table.rows
        names = Names(absent | people.named([i for i, is_kept in enumerate(kept) if not is_kept]))
        found: set[int] = set()
        for place in self.places:
            about = meaning(self.table.columns[place])
            if about in OWN:
                continue
            cells = list(map(itemgetter(place), compress(rows, kept)))
            told = names.in_names(cells) if about in NAMED else names.in_cells(cells)
            if told:
                found.update(i for i, row in enumerate(rows) if kept[i] and row[place] in told)
        if not found:
            return []
        self._leave_out(kept, found)
        what = f"載せない方の名前が、ほかの方の行に書かれています（{self._numbers(found)}行目）。"
        return [Problem("mentions", what, self.where, _COUNTED, "その名前を消して保存し直してください。")]

    @staticmethod
    def _leave_out(kept: bytearray, rows: Iterable[int]) -> None:
        for i in rows:
            kept[i] = 0

    def _numbers(self, rows: Iterable[int]) -> str:
        return numbers([self.table.lines[i] for i in rows])
