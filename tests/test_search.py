"""The search index and its script: the same forms of names on both sides, every row found, few bytes, few changes."""

from __future__ import annotations

import json
import random
import re
import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from publisher.editions.tables import drafts
from publisher.editions.tables.roll import roll as make_roll
from publisher.editions.tables.search.fold import fold, folded
from publisher.editions.tables.search.index import ROOT, SHARD, Index
from publisher.editions.tables.search.ranges import AFTER, Cutter
from publisher.model import PublicTable, TableKind
from publisher.review.variants import VARIANTS
from tests.searching import Browser
from tests.test_tables import AS_OF, bulletin, frame, open_table, people, roll, site, text

__all__ = ["frame"]

LIMIT = 50_000
"""Bytes that a search may move."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return Browser(tmp_path_factory.mktemp("script"))


def index(table: PublicTable) -> dict[str, bytes]:
    """The files of the index by name."""
    made = Index(make_roll(table)).drafts({"as_of": "いま", "unit": "人", "people": table.personal})
    pages = [draft.render() for draft in made]
    assert len({page.path for page in pages}) == len(pages)
    assert all(page.personal == table.personal for page in pages)
    return {page.path.rpartition("/")[2].removesuffix(".json"): page.body for page in pages}


# --- forms -----------------------------------------------------------------


@pytest.mark.parametrize(
    "alike",
    [
        "サトウ　ヨシエ|さとう よしえ|ｻﾄｳ ﾖｼｴ|サトウヨシエ|サトーヨシエ|Sato Yoshie|SATO YOSHIE|satou yoshie|Satoh Yosie|Satō Yoshie",
        "タカハシ|たかはし|takahashi|Takahasi|ﾀｶﾊｼ",
        "ワタナベ|watanabe|わたなべ|ﾜﾀﾅﾍﾞ",
        "オオノ|オーノ|おおの|oono|ono|Ōno|ohno",
        "ショウタ|シヨウタ|しょうた|shota|shouta|syouta|Shōta|shohta",
        "ジュンイチ|じゅんいち|junichi|jun'ichi|zyun'iti|junnichi",
        "チヅコ|チズコ|chizuko|tizuko|chiduko",
        "キョウコ|kyoko|kyouko|きょうこ|キヨウコ",
        "ハットリ|hattori|はっとり|ハツトリ",
        "シンヤ|shinya|shin'ya|sin'ya",
        "イノウエ|inoue|いのうえ",
        "フジイ|fujii|huzii|ふじい|fujī",
        "ツチヤ|tsuchiya|tutiya",
        "ヴァン|バン|van",
        "高橋|髙橋|髙󠄀橋",
        "山﨑|山崎|山嵜",
        "渡辺|渡邉|渡邊|渡邉󠄂|渡 辺",
        "斎藤|齋藤|斉藤|齊藤",
        "吉田|𠮷田",
        "澤田|沢田",
        "廣瀨|広瀬|廣瀬",
        "佐々木|佐佐木",
        "緑ヶ丘|緑ケ丘|緑が丘|緑ガ丘",
        "神田|神田",
        "第1避難所|第１避難所",
    ],
)
def test_ways_to_write_a_name_are_one(alike: str) -> None:
    assert len({fold(one) for one in alike.split("|")}) == 1, [fold(one) for one in alike.split("|")]


def test_the_form_of_a_family_name_begins_the_form_of_the_whole() -> None:
    names = ["サトウ　ウメコ", "オオノ　オサム", "シン　ヤスオ", "Kim Minh", "Marc Ian", "佐藤　ヨシエ", "辻󠄀　薫"]
    for name in names:
        assert fold(name).startswith(fold(name.split()[0])), name
        assert fold(name) == fold(name.replace("　", " ")), name


def test_variants_are_each_in_one_group() -> None:
    forms = [form for group in VARIANTS.split() for form in group]
    assert len(set(forms)) == len(forms)
    assert all(len(group) > 1 for group in VARIANTS.split())
    assert all(unicodedata.normalize("NFKC", form) == form for form in forms)


NAMES = st.text(
    st.one_of(
        st.sampled_from("アイウエオカガキギクシジスズタチツヅトナンハバパフブマミャュョヤユヨラワヲヴァィゥェォッーヽヾ々〻ヶヵ"),
        st.sampled_from("あいうかがきしじたちつづとなんはばぱふぶまゃゅょっーゝゞ"),
        st.sampled_from("ｱｲｳｶﾞｷｼｼﾞﾀﾁﾂﾊﾞﾊﾟﾝｯｬｰ"),
        st.sampled_from("abcdefghijklmnopqrstuvwxyzABCXYZāōūôéüñ'’-・　 ０９"),
        st.sampled_from("佐藤高髙崎﨑邉𠮷辻󠄀齋々丘緑神ヶ神"),
    ),
    max_size=24,
)


KNOWN = st.characters(exclude_categories=["Cn", "Cs"])
"""Characters that our Unicode knows; a newer one may know capitals that ours does not."""


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@example(texts=["ヴあゝ", "ヴゝあ", "佐々木ヶ丘", "𠮷々", "ばゞ", "シンヤ", "Sàtō-hm", "ooh oh"])
@given(texts=st.lists(st.one_of(NAMES, st.text(KNOWN, max_size=20)), min_size=60, max_size=120))
def test_the_script_makes_the_same_forms(browser: Browser, texts: list[str]) -> None:
    assert browser.folded(texts) == [whole(one) for one in folded(texts)]


def test_the_script_knows_every_character_as_we_do(browser: Browser) -> None:
    characters = [chr(c) for c in range(1, 0x10000) if not 0xD800 <= c < 0xE000]
    characters += [chr(c) for c in [*range(0x20000, 0x20400), *range(0x1F300, 0x1F340), *range(0xE0100, 0xE0110)]]
    known = [c for c in characters if unicodedata.category(c) != "Cn"]
    for before, after in (("", ""), ("かa", "aカ"), ("東", "ア")):
        texts = [before + c + after for c in known]
        ours, theirs = folded(texts), browser.folded(texts)
        assert [(t, o, j) for t, o, j in zip(texts, ours, theirs, strict=True) if whole(o) != j] == []


def whole(text: str) -> str:
    """Halves of characters put together again."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


@given(st.lists(st.text(max_size=12), max_size=12))
def test_forms_made_together_are_those_made_alone(texts: list[str]) -> None:
    assert folded(texts) == [fold(one) for one in texts]


# --- ranges -----------------------------------------------------------------



def _keys(least: int) -> st.SearchStrategy[list[str]]:
    keys = st.lists(st.text("abc\x01", max_size=7), min_size=least, max_size=150, unique=True)
    return keys.map(lambda found: sorted(f"{key}\x00" for key in found))




@given(_keys(0), st.integers(1, 9))
def test_ranges_hold_every_key_between_their_boundaries(keys: list[str], capacity: int) -> None:
    ranges = Cutter(keys, list(range(len(keys) + 1)), capacity).cut()
    assert [place for one in ranges for place in range(one.start, one.stop)] == list(range(len(keys)))
    assert all(one.stop - one.start <= capacity for one in ranges)
    boundaries = [one.boundary for one in ranges]
    assert boundaries == sorted(set(boundaries))
    for one, after in zip(ranges, [*boundaries, AFTER][1:], strict=True):
        assert all(one.boundary <= key < after for key in keys[one.start : one.stop])


@given(_keys(20), st.integers(0, 1000))
def test_a_new_key_changes_the_ranges_beside_it_only(keys: list[str], number: int) -> None:
    def ranges(of: list[str]) -> set[tuple[str, tuple[str, ...]]]:
        return {(one.boundary, tuple(of[one.start : one.stop])) for one in Cutter(of, list(range(len(of) + 1)), 12).cut()}

    without = [key for place, key in enumerate(keys) if place != number % len(keys)]
    assert len(ranges(keys) - ranges(without)) <= 8


# --- finding -----------------------------------------------------------------


@pytest.fixture(scope="module")
def crowd() -> PublicTable:
    return roll(people(3_000))


@pytest.fixture(scope="module")
def files(crowd: PublicTable) -> dict[str, bytes]:
    return index(crowd)


def shown(table: PublicTable, row: tuple[str, ...]) -> list[str]:
    """A person's row as a hit has it."""
    assert table.columns == ("氏名", "フリガナ", "住所", "年齢", "避難所")
    return [row[i] for i in (0, 1, 4, 2, 3)]


def test_files_are_small(files: dict[str, bytes]) -> None:
    root = json.loads(files["root"])
    assert len(files["root"]) < ROOT + 1_000
    assert max(len(body) for body in files.values()) <= SHARD
    assert root["columns"] == ["氏名", "フリガナ", "避難所", "住所", "年齢"]
    assert root["levels"] == 0 and not root["whole"]


@pytest.mark.parametrize("way", ["kana", "hiragana", "half", "kanji", "spaceless"])
def test_every_row_is_found_by_its_reading_and_its_name(
    browser: Browser, crowd: PublicTable, files: dict[str, bytes], way: str
) -> None:
    rows = random.Random(way).sample(list(crowd.rows), 40)
    texts = [typed(row, way) for row in rows]
    for row, said, found in zip(rows, texts, browser.search(files, texts, rounds=20), strict=True):
        assert found.error == ""
        assert shown(crowd, row) in found.rows, said
        assert not found.left


def typed(row: tuple[str, ...], way: str) -> str:
    name, kana = row[0], row[1] or row[0]
    if way == "kanji":
        return name
    if way == "spaceless":
        return name.replace("　", "")
    if way == "hiragana":
        return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in kana)
    if way == "half":
        return "".join(HALF.get(c, c) for c in unicodedata.normalize("NFC", kana))
    return kana


HALF = {
    unicodedata.normalize("NFKC", half): half
    for half in [chr(c) for c in range(0xFF66, 0xFF9E)] + [chr(c) + "ﾞ" for c in range(0xFF66, 0xFF9E)]
    if len(unicodedata.normalize("NFKC", half)) == 1
}


@pytest.mark.parametrize("said", ["sato yoshie", "SATOH Yosie", "Yoshie Sato", "さとう　よしえ", "佐藤ヨシエ", "佐藤よしえ"])
def test_a_person_is_found_however_the_name_is_typed(
    browser: Browser, crowd: PublicTable, files: dict[str, bytes], said: str
) -> None:
    (found,) = browser.search(files, [said], rounds=20)
    right = [shown(crowd, row) for row in crowd.rows if row[0] == "佐藤　ヨシエ"]
    exact = [row for row, is_exact in zip(found.rows, found.exact, strict=True) if is_exact]
    assert sorted(exact) == sorted(right) and len(right) > 50


def test_exact_hits_are_told_from_similar_ones(browser: Browser) -> None:
    rows = [("山崎　薫", "ヤマザキ　カオル", "", "", ""), ("山崎　薫", "ヤマサキ　カオル", "", "", "")] * 20 + people(700)
    table = roll(rows)
    (found,) = browser.search(index(table), ["やまさき"], rounds=20)
    assert {(row[1], exact) for row, exact in zip(found.rows, found.exact, strict=True)} == {
        ("ヤマサキ　カオル", True),
        ("ヤマザキ　カオル", False),
    }


def test_a_search_moves_little_and_says_when_there_is_more(
    browser: Browser, crowd: PublicTable, files: dict[str, bytes]
) -> None:
    texts = ["サ", "佐", "s a", "佐藤", "サトウ", "渡邉 花子", "金", "Smith", "いない ひと", "nobody here", "薫", "𠮷田"]
    for said, found in zip(texts, browser.search(files, texts), strict=True):
        assert found.fetched <= LIMIT, said
        assert found.left or {tuple(row) for row in found.rows} == _matching(crowd, said), said
    assert browser.search(files, ["サトウ"])[0].left
    assert browser.search(files, ["いない ひと"])[0].rows == []


def _matching(table: PublicTable, said: str) -> set[tuple[str, ...]]:
    wanted = fold(said)
    return {
        tuple(shown(table, row))
        for row in table.rows
        if fold(row[1] or row[0]).startswith(wanted) or fold(row[0]).startswith(wanted)
    }


def test_a_deep_index_has_directories_and_is_as_cheap(browser: Browser) -> None:
    chance = random.Random(5)
    kana = "アイウエオカキクケコサシスセソタチツテトナニハヒフホマミムモヤユヨリワ"
    kanji = [chr(c) for c in range(0x4E00, 0x4E00 + 900)]
    rows = []
    for _ in range(16_000):
        reading = "".join(chance.choices(kana, k=4)) + "　" + "".join(chance.choices(kana, k=3))
        rows.append(("".join(chance.choices(kanji, k=4)), reading, "汐見市本町", "50代", "本町小学校"))
    table = roll(rows)
    made = index(table)
    assert json.loads(made["root"])["levels"] == 1
    wanted = chance.sample(rows, 30)
    for way in ("kana", "kanji"):
        texts = [typed(row, way) for row in wanted]
        for row, found in zip(wanted, browser.search(made, texts), strict=True):
            assert shown(table, row) in found.rows
            assert found.fetched <= LIMIT and not found.left
            assert len(found.files) <= 7


def test_people_of_one_name_and_rows_that_say_the_same_do_not_burst_a_shard(browser: Browser) -> None:
    table = roll([("佐藤　ヨシエ", "サトウ　ヨシエ", "汐見市本町", "70代", "本町小学校")] * 900 + people(50))
    made = index(table)
    assert max(map(len, made.values())) <= SHARD
    (found,) = browser.search(made, ["さとうよしえ"], rounds=30)
    assert len(found.rows) >= 900 and found.rounds > 1


def test_a_place_is_found_by_a_part_of_its_name(browser: Browser) -> None:
    rows = [(f"汐見市立第{n}小学校", f"シオミシリツダイ{n}ショウガッコウ", f"港町{n}丁目", "(000)000-2111") for n in range(700)]
    rows.append(("緑ヶ丘公民館", "ミドリガオカコウミンカン", "緑ヶ丘1丁目", ""))
    made = index(open_table(("名称", "名称_カナ", "住所", "電話番号"), rows, TableKind.SHELTERS))
    found = browser.search(made, ["第77小学校", "緑が丘", "公民館", "みどりがおか"])
    assert [row[0] for row in found[0].rows if row[0].endswith("第77小学校")] == ["汐見市立第77小学校"]
    assert all(found[0].exact)
    assert all("緑ヶ丘公民館" in [row[0] for row in one.rows] for one in found[1:])
    assert all(one.fetched <= LIMIT for one in found)


def test_a_table_of_one_shard_is_searched_anywhere(browser: Browser) -> None:
    made = index(roll(people(60)))
    assert json.loads(made["root"])["whole"]
    (found,) = browser.search(made, ["ヨシエ"])
    assert found.rows and all("ヨシエ" in row[0] for row in found.rows)


def test_a_file_that_is_gone_is_an_error_not_an_empty_list(browser: Browser, files: dict[str, bytes]) -> None:
    (found,) = browser.search({"root": files["root"]}, ["サトウ"])
    assert found.error and found.files.count("root") == 2
    (found,) = browser.search({**files, "root": b'{"at":[['}, ["サトウ"])
    assert found.error


def test_in_the_middle_of_an_update_nobody_is_overlooked(browser: Browser, files: dict[str, bytes], crowd: PublicTable) -> None:
    """A shard is divided: its old root with the new shards, and the other way round."""
    crowded = [(f"佐藤　{name}", f"サトウ　{name}", "汐見市本町", "50代", "本町小学校") for name in ("アイ", "ウメ", "ヨシエ", "リン") * 60]
    after = index(roll([*crowd.rows, *crowded]))
    assert files.keys() != after.keys()
    texts = ["サトウアイ", "サトウヨシエ", "タカハシ", "佐藤リン"]
    before = [sorted(found.rows) for found in browser.search(files, texts, rounds=30)]
    whole_ = [sorted(found.rows) for found in browser.search(after, texts, rounds=30)]
    for mixed in ({**files, **after, "root": files["root"]}, {**after, **files, "root": after["root"]}):
        for found, right in zip(browser.search(mixed, texts, rounds=30), before, strict=True):
            assert found.error or all(row in found.rows for row in right)
        answers = browser.search(mixed, texts, rounds=30, anew=after)
        assert [sorted(found.rows) for found in answers] == whole_ and not any(found.error for found in answers)


def test_rows_are_never_shown_under_the_columns_of_another_edition(browser: Browser, files: dict[str, bytes], crowd: PublicTable) -> None:
    rows = [(*row[:2], row[3], row[2], row[4]) for row in crowd.rows]
    columns = ("氏名", "フリガナ", "年齢", "住所", "避難所")
    table = PublicTable("hinansha", "名簿", TableKind.EVACUEES, columns, rows, len(rows), personal=True, reading=1, group=4, as_of=AS_OF)
    (found,) = browser.search({**index(table), "root": files["root"]}, ["サトウ"])
    assert found.error


def test_rows_without_reading_and_readings_in_other_letters_are_found(browser: Browser) -> None:
    rows = [
        ("金　薫", "", "港町", "50代", "本町小学校"),
        ("SMITH John", "SMITH John", "港町", "50代", "本町小学校"),
        ("陳　偉", "チン　ウェイ", "港町", "50代", "本町小学校"),
        ("グエン　マリア", "", "港町", "50代", "本町小学校"),
        ("한 지민", "", "港町", "50代", "本町小学校"),
    ]
    table = roll([*rows, *people(900)])
    texts = ["金薫", "smith", "John Smith", "陳偉", "ちんうえい", "chin wei", "ぐえん", "マリア グエン", "한지민"]
    wanted = [rows[i] for i in (0, 1, 1, 2, 2, 2, 3, 3, 4)]
    for said, row, found in zip(texts, wanted, browser.search(index(table), texts, rounds=9), strict=True):
        if said != "chin wei":  # ウェイ is uei, not wei: Latin letters of other languages are not Japanese
            assert shown(table, row) in found.rows, said


# --- what changes -----------------------------------------------------------------


def test_a_changed_row_changes_its_own_shard(crowd: PublicTable, files: dict[str, bytes]) -> None:
    chance = random.Random(3)
    for number in chance.sample(range(len(crowd.rows)), 12):
        rows = list(crowd.rows)
        row = rows[number]
        rows[number] = (*row[:4], "東町体育館" if row[4] != "東町体育館" else "港町公民館")
        after = index(roll(rows))
        changed = {name for name in files.keys() | after.keys() if files.get(name) != after.get(name)}
        assert len(changed) <= 3, changed


def test_somebody_new_changes_few_files_and_leaves_no_trace_when_gone(
    crowd: PublicTable, files: dict[str, bytes]
) -> None:
    arrived = index(roll([*crowd.rows, ("珍田　希一", "チンダ　キイチ", "汐見市本町", "50代", "本町小学校")]))
    changed = {name for name in files.keys() | arrived.keys() if files.get(name) != arrived.get(name)}
    assert len(changed) <= 5
    assert sum("珍田" in body.decode() for body in arrived.values()) == 2
    assert index(roll(list(reversed(crowd.rows)))) == files


def test_unchanged_shards_are_not_rendered_again(crowd: PublicTable) -> None:
    def keys(rows: list[tuple[str, ...]]) -> dict[str, str]:
        return {draft.path: draft.key for draft in Index(make_roll(roll(rows))).drafts({})}

    before = keys(list(crowd.rows))
    rows = list(crowd.rows)
    rows[9] = (*rows[9][:4], "東町体育館" if rows[9][4] != "東町体育館" else "港町公民館")
    after = keys(rows)
    assert 1 <= len([path for path in after if before.get(path) != after[path]]) <= 3
    assert all(before.values())


# --- on the site -----------------------------------------------------------------


def test_the_overview_has_a_place_for_the_search_and_stands_without_it(frame, crowd: PublicTable) -> None:
    pages = site(frame, crowd)
    page = text(pages["t/hinansha/index.html"])
    script = re.search(r'<script src="(s/search-[0-9a-f]{12}\.js)" defer></script>', page)
    assert script is not None and f"t/hinansha/{script[1]}" in pages
    assert "script-src 'self';connect-src 'self'" in page
    assert '<div id="sagasu" data-index="s/"' in page and "<input" not in page and "<form" not in page
    for path, other in pages.items():
        if path.endswith(".html") and path != "t/hinansha/index.html":
            assert "<script" not in text(other) and "script-src" not in text(other), path
    code = pages[f"t/hinansha/{script[1]}"]
    assert not code.personal and b"@variants@" not in code.body and len(code.body) < 20_000
    assert all(page.personal for path, page in pages.items() if path.endswith(".json"))


def test_the_script_needs_no_new_engine(browser: Browser, frame, crowd: PublicTable) -> None:
    """Gecko 48 and Opera Mini: no syntax of ES2015 and later, nothing that evaluates text, no other host."""
    code = next(page.body.decode() for path, page in site(frame, crowd).items() if path.endswith(".js"))
    said = re.sub(r'"(?:[^"\\]|\\.)*"', '""', code)
    assert not re.search(r"=>|\b(let|const|class|async|await|import|export|fetch|Promise|eval|localStorage)\b", said)
    assert not re.search(r"innerHTML|outerHTML|document\.write|new Function|cookie|history\.|location\.(href|hash)", code)
    assert set(re.findall(r"https?://[\w.]+", code)) == {"https://maps.gsi.go.jp"}


def test_a_withdrawn_table_has_no_search(frame, crowd: PublicTable) -> None:
    small = {draft.path for draft in drafts(bulletin(roll(people(3))), frame)}
    assert not [path for path in small if "/s/" in path]


def test_no_words_of_the_search_are_missing(frame, crowd: PublicTable) -> None:
    sentences = {
        TableKind.EVACUEES: "無事でないということではありません",
        TableKind.MISSING: "安否が分かったということではありません",
        TableKind.DECEASED: "ご無事だということではありません",
        TableKind.OPEN: "当てはまらないということではありません",
    }
    for kind, said in sentences.items():
        table = PublicTable(
            "meibo", "名簿", kind, crowd.columns, list(crowd.rows[:900]), 900, personal=True, reading=1, group=4, as_of=AS_OF
        )
        page = text(site(frame, table)["t/meibo/index.html"])
        words = json.loads(re.search(r'data-words="([^"]*)"', page)[1].replace("&quot;", '"'))
        assert said in words["sorry"]
        assert (words["contact"], words["number"], words["tel"]) == ("災害対策本部", "0000-00-2111", "0000002111")


def test_every_file_ends_where_the_list_says(index_of_many: dict[str, bytes]) -> None:
    """A reader takes what ends elsewhere for another edition."""
    root = json.loads(index_of_many["root"])
    todo = [(root["at"], root["levels"], "\uffff")]
    while todo:
        listed, level, end = todo.pop()
        for (_, name), after in zip(listed, [*(start for start, _ in listed[1:]), end], strict=True):
            file = json.loads(index_of_many[name])
            assert file["end"] == after, name
            if level:
                todo.append((file["list"], level - 1, after))


@pytest.fixture(scope="module")
def index_of_many() -> dict[str, bytes]:
    return index(roll(people(30_000, seed=5)))
