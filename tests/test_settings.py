"""``publisher.toml``: what is taken, and every way in which it is refused."""

from __future__ import annotations

import dataclasses
import re
import tomllib
import unicodedata
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.errors import SettingsError
from publisher.model import Problem, TableKind
from publisher.settings import Consent, Editions, MirrorSettings, Settings, Withhold, load
from publisher.settings.guide import page
from publisher.settings.places import places

SITE = '[site]\ntitle = "汐見市 災害情報"\npublisher = "汐見市"\nurl = "https://saigai.example.jp/"\n'
TABLE = '\n[[tables]]\nname = "名簿"\npath = "名簿"\nslug = "meibo"\nkind = "evacuees"\n'
MIRROR = '\n[[mirrors]]\nname = "a"\nurl = "s3://bucket/site"\n'
RELAY = '\n[[relays]]\nname = "m"\nkind = "mastodon"\nurl = "https://m.example.jp"\n'
SHOWN = "公開中のページは、前のまま変わっていません。"


def loaded(folder: Path, text: str) -> Settings:
    (folder / "publisher.toml").write_text(text, encoding="utf-8")
    return load(folder)


def refused(folder: Path, text: str | bytes) -> Problem:
    file = folder / "publisher.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as caught:
        load(folder)
    problem = caught.value.problem
    assert problem.what and problem.todo and problem.shown == SHOWN
    assert problem.where.startswith(str(folder))
    return problem


def line_of(problem: Problem) -> int:
    found = re.search(r" (\d+)行目", problem.where)
    assert found, problem
    return int(found[1])


# --- what is taken ---


def test_the_least_that_is_needed(tmp_path: Path) -> None:
    settings = loaded(tmp_path, SITE)
    assert settings.site.zone == ZoneInfo("Asia/Tokyo")
    assert settings.editions == Editions(light=True, legacy=True)
    folder = tmp_path.resolve()
    assert settings.paths.content == folder / "content"
    assert settings.paths.output == folder / "public"
    assert settings.paths.state == folder / ".publisher"
    assert (settings.tables, settings.mirrors, settings.relays) == ((), (), ())


def test_every_key(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        SITE
        + 'code = "131016"\ntimezone = "Pacific/Honolulu"\ncontact = "本部"\n'
        + '[paths]\ncontent = "/srv/share"\noutput = "out/site"\nstate = "out/state"\n'
        + "[editions]\nlight = false\n"
        + TABLE
        + 'publish = ["氏名", "住所"]\nmask = { "住所" = "town" }\nreading = "フリガナ"\n'
        + 'group = "避難所"\nexpires = "6w"\nconsent = { column = "同意", yes = ["はい"] }\n'
        + 'withhold = { column = "制限", unless = ["", "なし"] }\n'
        + MIRROR
        + 'endpoint = "https://s3.example.jp:9000"\nregion = "r"\npublic_url = "https://b.example.jp/x"\n'
        + 'key_env = "K"\nsecret_env = "S"\n'
        + RELAY
        + 'token_env = "T"\n',
    )
    assert settings.site.code == "131016"
    assert settings.site.zone == ZoneInfo("Pacific/Honolulu")
    assert settings.paths.content == Path("/srv/share").resolve()
    assert settings.paths.state == tmp_path.resolve() / "out/state"
    assert settings.editions == Editions(light=False, legacy=True)
    [table] = settings.tables
    assert table.kind is TableKind.EVACUEES
    assert (table.publish, dict(table.mask)) == (("氏名", "住所"), {"住所": "town"})
    assert (table.consent, table.withhold) == (Consent("同意", ("はい",)), Withhold("制限", ("", "なし")))
    assert (table.reading, table.group, table.expires) == ("フリガナ", "避難所", timedelta(weeks=6))
    assert settings.mirrors == (
        MirrorSettings(
            "a", "s3://bucket/site", "https://s3.example.jp:9000", "r", "https://b.example.jp/x/", "K", "S"
        ),
    )
    [relay] = settings.relays
    assert (relay.name, relay.kind, relay.url, relay.token_env) == (
        "m",
        "mastodon",
        "https://m.example.jp",
        "T",
    )


def test_the_example_of_every_key_is_taken(tmp_path: Path) -> None:
    """What ``docs/settings.md`` shows can be copied."""
    from publisher.settings.guide import PARTS
    from publisher.settings.section import keys

    text = "".join(
        f"{title}\n" + "".join(f"{key} = {field.metadata['example']}\n" for key, field in keys(type_).items())
        for title, type_, _ in PARTS
    )
    settings = loaded(tmp_path, text)
    assert [len(settings.tables), len(settings.mirrors), len(settings.relays)] == [1, 1, 1]


def test_values_are_frozen(tmp_path: Path) -> None:
    settings = loaded(tmp_path, SITE)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.site.title = "x"  # type: ignore[misc]


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_bom_and_line_ends_of_windows(tmp_path: Path, head: bytes, end: str) -> None:
    (tmp_path / "publisher.toml").write_bytes(head + SITE.replace("\n", end).encode())
    assert load(tmp_path).site.publisher == "汐見市"


def test_names_are_nfc(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "がけ崩れ")
    table = TABLE.replace('path = "名簿"', f'path = "./{apart}/"') + f'publish = ["{apart}"]\n'
    [profile] = loaded(tmp_path, SITE + table).tables
    assert (profile.path, profile.publish) == ("がけ崩れ", ("がけ崩れ",))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://a.jp", "https://a.jp/"),
        ("https://a.jp/x//", "https://a.jp/x/"),
        ("http://a.jp:80/", "http://a.jp:80/"),
    ],
)
def test_the_address_ends_with_one_slash(tmp_path: Path, written: str, meant: str) -> None:
    assert loaded(tmp_path, SITE.replace("https://saigai.example.jp/", written)).site.url == meant


@pytest.mark.parametrize(
    ("url", "folder"), [("mirror/", "mirror"), ("file:///srv/w%20ww", "/srv/w ww"), ("/srv/www", "/srv/www")]
)
def test_mirrors_in_folders(tmp_path: Path, url: str, folder: str) -> None:
    [mirror] = loaded(tmp_path, SITE + MIRROR.replace("s3://bucket/site", url)).mirrors
    assert mirror.kind == "folder"
    assert mirror.folder == tmp_path.resolve() / folder


# --- what is refused ---

REFUSED = {
    # key, then: line, what has to be said
    "unknown key": (SITE + 'kontact = "x"\n', 5, ["[site]", "kontact", "contact"]),
    "unknown key, other case": (SITE + 'Contact = "x"\n', 5, ["Contact", "contact"]),
    "unknown section": (SITE + "[edition]\n", 5, ["edition", "editions"]),
    "key above the sections": ('titel = "x"\n' + SITE, 1, ["titel", "項目はありません"]),
    "key in a later table": (
        SITE + TABLE + TABLE.replace("meibo", "b") + "publsh = []\n",
        17,
        ["2つ目", "publish"],
    ),
    "key in an inline table": (
        SITE + TABLE + 'consent = {\tcolumn = "a", ja = [""] }\n',
        11,
        ["consent", "ja", "column", "yes"],
    ),
    "key in a sub-table": (
        SITE + TABLE + '[tables.consent]\ncolumn = "a"\nno = [""]\n',
        13,
        ["consent", "no"],
    ),
    "secret": (SITE + MIRROR + 'password = "hunter2"\n', 9, ["password", "環境変数", "secret_env"]),
    "section missing": (TABLE, 1, ["[site]"]),
    "key missing": (
        SITE + MIRROR.replace('name = "a"\n', ""),
        6,
        ["[[mirrors]] の1つ目", "name", "公開先の名前"],
    ),
    "array for a table": (SITE.replace("[site]", "[[site]]"), 1, ["[site]", "1つ"]),
    "table for an array": (
        SITE + MIRROR.replace("[[mirrors]]", "[mirrors]"),
        6,
        ["[[mirrors]]", "2つ重ねて"],
    ),
    "text that is a number": (SITE + "code = 131016\n", 5, ["code", "引用符"]),
    "empty text": (SITE.replace("汐見市 災害情報", "　"), 2, ["title", "空"]),
    "line break in a text": (SITE.replace("汐見市 災害情報", "a\\nb"), 2, ["title", "改行"]),
    "NUL in a path": (SITE + '[paths]\noutput = "a\\u0000b"\n', 6, ["output", "目に見えない"]),
    "code of letters": (SITE + 'code = "１３１０１６"\n', 5, ["code", "半角"]),
    "time zone": (SITE + 'timezone = "../../etc/passwd"\n', 5, ["timezone", "Asia/Tokyo"]),
    "time zone that is a folder": (SITE + 'timezone = "Asia"\n', 5, ["timezone", "Asia/Tokyo"]),
    "no scheme": (SITE.replace("https://", ""), 4, ["url", "https://"]),
    "other scheme": (SITE.replace("https://", "ftp://"), 4, ["url", "https://"]),
    "no host": (SITE.replace("https://saigai.example.jp/", "https:///x"), 4, ["url", "https://"]),
    "address in Japanese": (SITE.replace("saigai.example", "汐見"), 4, ["url", "半角"]),
    "port": (SITE.replace("example.jp", "example.jp:99999"), 4, ["url"]),
    "half an IPv6 address": (SITE.replace("saigai.example.jp", "[::1"), 4, ["url"]),
    "query": (SITE.replace("jp/", "jp/?a=1"), 4, ["url", "?"]),
    "password in the address": (SITE.replace("saigai.", "u:hunter2@saigai."), 4, ["url", "@"]),
    "output within content": (SITE + '[paths]\noutput = "content/x"\n', 6, ["output", "content"]),
    "content within output": (SITE + '[paths]\ncontent = "public/x"\n', 6, ["output", "content"]),
    "output is content": (SITE + '[paths]\noutput = "./content/"\n', 6, ["output", "content"]),
    "output is everything": (SITE + '[paths]\noutput = "."\n', 6, ["output", "publisher.toml"]),
    "content is everything": (
        SITE + '[paths]\ncontent = "."\noutput="/o"\nstate="/s"\n',
        6,
        ["content", "publisher.toml"],
    ),
    "state within output": (SITE + '[paths]\nstate = "public/s"\n', 6, ["state", "公開されてしまい"]),
    "output within state": (SITE + '[paths]\noutput = ".publisher/o"\n', 6, ["output", "state"]),
    "home": (SITE + '[paths]\ncontent = "~/share"\n', 6, ["content", "~"]),
    "word for yes": (SITE + "[editions]\nlight = 1\n", 6, ["light", "true"]),
    "kind": (SITE + TABLE.replace("evacuees", "missng"), 10, ["kind", "missng", "missing"]),
    "slug in capitals": (SITE + TABLE.replace("meibo", "Meibo"), 9, ["slug", "半角"]),
    "slug leads out": (SITE + TABLE.replace("meibo", "../k"), 9, ["slug", "半角"]),
    "same slug": (SITE + TABLE + TABLE.replace('path = "名簿"', 'path = "b"'), 15, ["slug", "meibo", "2回"]),
    "same path": (
        SITE + TABLE + TABLE.replace("meibo", "b").replace('path = "名簿"', 'path = "名簿/"'),
        14,
        ["path", "2回"],
    ),
    "path leads out": (
        SITE + TABLE.replace('path = "名簿"', 'path = "../名簿"'),
        8,
        ["path", "投入フォルダー"],
    ),
    "path of nothing": (SITE + TABLE.replace('path = "名簿"', 'path = "/"'), 8, ["path", "投入フォルダー"]),
    "path of Windows": (SITE + TABLE.replace('path = "名簿"', "path = 'a\\b'"), 8, ["path", "/"]),
    "path of drafts": (
        SITE + TABLE.replace('path = "名簿"', 'path = "_名簿"'),
        8,
        ["path", "公開されません"],
    ),
    "publish is a text": (SITE + TABLE + 'publish = "氏名"\n', 11, ["publish", "["]),
    "publish holds a number": (SITE + TABLE + "publish = [1]\n", 11, ["publish", "["]),
    "mask is a text": (SITE + TABLE + 'mask = "town"\n', 11, ["mask", "{"]),
    "mask unknown": (
        SITE + TABLE + 'mask = { "年齢" = "band",\t"住所" = "twon" }\n',
        11,
        ["住所", "twon", "town"],
    ),
    "mask unknown, in a section": (
        SITE + TABLE + '[tables.mask]\n"年齢" = "band"\n"住所" = 3\n',
        13,
        ["住所", "town"],
    ),
    "mask of a slip": (
        SITE + TABLE + 'publish = ["住所"]\nmask = { "住処" = "town" }\n',
        12,
        ["住処", "住所", "publish"],
    ),
    "consent without values": (SITE + TABLE + 'consent = { column = "a" }\n', 11, ["consent", "yes"]),
    "consent by nothing": (SITE + TABLE + 'consent = { column = "a", yes = [] }\n', 11, ["consent", "yes"]),
    "consent of a list": (SITE + TABLE + 'consent = ["a"]\n', 11, ["consent", "column"]),
    "withhold unless text": (
        SITE + TABLE + 'withhold = { column = "a", unless = "" }\n',
        11,
        ["withhold", "unless"],
    ),
    "span": (SITE + TABLE + 'expires = "40"\n', 11, ["expires", "40d"]),
    "no span": (SITE + TABLE + 'expires = "0d"\n', 11, ["expires", "40d"]),
    "full-width span": (SITE + TABLE + 'expires = "４０d"\n', 11, ["expires", "40d"]),
    "span as a number": (SITE + TABLE + "expires = 40\n", 11, ["expires", "40d"]),
    "mirror of the web": (SITE + MIRROR.replace("s3:", "https:"), 8, ["https://", "s3://", "public_url"]),
    "mirror by another way": (SITE + MIRROR.replace("s3:", "sftp:"), 8, ["sftp", "s3://"]),
    "bucket": (SITE + MIRROR.replace("bucket", "バケツ"), 8, ["url", "s3://"]),
    "bucket with a query": (SITE + MIRROR.replace("/site", "/site?x"), 8, ["url", "s3://"]),
    "file on another machine": (SITE + MIRROR.replace("s3://bucket", "file://host"), 8, ["url", "file:///"]),
    "folder with a store's keys": (
        SITE + MIRROR.replace("s3://", "") + 'endpoint = "https://s3.x"\n',
        8,
        ["endpoint", "s3://"],
    ),
    "half a key": (SITE + MIRROR + 'key_env = "K"\n', 9, ["key_env", "secret_env"]),
    "key for its name": (SITE + MIRROR + 'key_env = "AKIAIOSFODNN7EXAMPLE"\n', 9, ["key_env", "環境変数"]),
    "same mirror name": (SITE + MIRROR + MIRROR.replace("bucket", "other"), 11, ["name", "2回"]),
    "same mirror": (
        SITE + MIRROR + MIRROR.replace('"a"', '"b"').replace("site", "site/"),
        12,
        ["url", "2回"],
    ),
    "mirror in content": (SITE + MIRROR.replace("s3://bucket", "content"), 8, ["mirrors", "重なって"]),
    "mirror over everything": (SITE + MIRROR.replace("s3://bucket/site", ".."), 8, ["mirrors", "重なって"]),
    "relay kind": (SITE + RELAY.replace('"mastodon"', '"mastadon"'), 8, ["kind", "mastadon", "mastodon"]),
    "relay without address": (SITE + RELAY.replace('url = "https://m.example.jp"\n', ""), 6, ["url"]),
    "token for its name": (SITE + RELAY + 'token_env = "hunter2!"\n', 10, ["token_env", "環境変数"]),
    "same relay name": (SITE + RELAY + RELAY, 12, ["relays", "2回"]),
}


@pytest.mark.parametrize("text, line, says", REFUSED.values(), ids=REFUSED)
def test_is_refused_with_key_and_line(tmp_path: Path, text: str, line: int, says: list[str]) -> None:
    problem = refused(tmp_path, text)
    assert [phrase for phrase in says if phrase not in str(problem)] == [], problem
    assert line_of(problem) == line, problem
    assert "hunter2" not in str(problem) and "AKIA" not in str(problem)


def test_a_mask_for_a_column_that_is_not_shown_is_no_slip(tmp_path: Path) -> None:
    masks = 'publish = ["氏名", "住 所"]\nmask = { "住所" = "town", "現住所" = "town", "年齢" = "band" }\n'
    [table] = loaded(tmp_path, SITE + TABLE + masks).tables
    assert set(table.mask) == {"住所", "現住所", "年齢"}


def test_a_mirror_by_file_address_in_content(tmp_path: Path) -> None:
    url = (tmp_path / "content" / "x").as_uri()
    problem = refused(tmp_path, SITE + MIRROR.replace("s3://bucket/site", url))
    assert "重なって" in problem.what


def test_folders_are_compared_behind_links(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "content")
    assert "content" in refused(tmp_path, SITE + '[paths]\noutput = "link/public"\n').what


def test_a_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "publisher.toml").write_text(SITE + '[paths]\ncontent = "a/x"\n', encoding="utf-8")
    try:
        assert load(tmp_path).paths.content.name == "x"  # Python 3.13 gives up resolving without an error
    except SettingsError as error:
        assert "content" in error.problem.what


# --- the file ---

SYNTAX = {
    "quotes": ("title = “汐見市”", 9, "全角"),
    "brackets for quotes": ("title = 「汐見市」", 9, "全角"),
    "closing quote": ('title = "汐見市”', None, "全角"),
    "equals": ('title ＝ "x"', 7, "全角"),
    "colon": ('title： "x"', 6, "全角"),
    "key": ('ｔitle = "x"', 1, "全角"),
    "space": ('\u3000title = "x"', 1, "全角の空白"),
    "comma": ('title = ["a"、 "b"]', None, "全角"),
    "Japanese key": ('件名 = "x"', 1, "英字"),
    "folder of Windows": (r'title = "C:\Users\x"', None, "「\\」"),
    "share of Windows": (r'title = "\\server\share\公開"', None, "「\\」"),
    "no quotes": ("title = 汐見市", 9, "引用符で囲んで"),
    "nothing": ("title =", None, "引用符で囲んで"),
    "unclosed": ('title = "汐見市', None, "閉じていません"),
    "quotes within": ('title = "汐見"市""', None, "『 』"),
    "capital": ("title = True", 9, "true"),
    "leading zero": ("title = 012", None, "0 で始まる"),
    "twice": ('title = "a"\ntitle = "b"', None, "2回"),
    "section twice": ("[site]", None, "2回"),
    "bracket": ("[[tables]", None, "角かっこ"),
    "open list": ('title = ["a"', None, "角かっこ"),
    "broken inline": ('title = {a = "x",\n}', None, "波かっこ"),
    "control": ('title = "a\x07"', None, "目に見えない"),
    "words": ("汐見市の設定です", 1, "#"),
    "deep": ("title = " + "[" * 9000, None, "長すぎる"),
    "long": ("title = " + "9" * 9000, None, "長すぎる"),
}


@pytest.mark.parametrize("line, column, says", SYNTAX.values(), ids=SYNTAX)
def test_mistakes_of_writing(tmp_path: Path, line: str, column: int | None, says: str) -> None:
    problem = refused(tmp_path, f"[site]\n{line}\n\n[editions]\nlight = true\n")
    assert problem.code == "settings-syntax"
    assert says in problem.todo, problem
    if column is not None:
        assert f"2行目 {column}文字目" in problem.where, problem


def test_a_wrong_line_is_not_quoted_for_it_may_hold_a_secret(tmp_path: Path) -> None:
    problem = refused(tmp_path, SITE + "token = hunter2\nhunter2\n")
    assert "token" in problem.what
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize(
    ("charset", "says"),
    [("cp932", "Shift_JIS"), ("utf-16", "UTF-16"), ("utf-16-be", "UTF-16"), ("euc-jp", "UTF-8")],
)
def test_other_charsets_are_explained(tmp_path: Path, charset: str, says: str) -> None:
    raw = SITE.encode(charset)
    problem = refused(tmp_path, b"\xfe\xff" + raw if charset == "utf-16-be" else raw)
    assert problem.code == "settings-encoding"
    assert says in problem.what
    assert "メモ帳" in problem.todo
    assert line_of(problem) == (1 if charset.startswith("utf-16") else 2)


def missing(folder: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load(folder)
    assert caught.value.exit_code == 2
    return str(caught.value.problem)


def test_no_file(tmp_path: Path) -> None:
    assert "publisher init" in missing(tmp_path)
    assert "フォルダーがありません" in missing(tmp_path / "nowhere")


def test_no_file_but_one_above(tmp_path: Path) -> None:
    (tmp_path / "publisher.toml").write_text(SITE, encoding="utf-8")
    (tmp_path / "content/給水").mkdir(parents=True)
    assert f"-C {tmp_path.resolve()}" in missing(tmp_path / "content/給水")


def test_the_name_that_notepad_gives(tmp_path: Path) -> None:
    (tmp_path / "publisher.toml.txt").write_text(SITE, encoding="utf-8")
    assert "publisher.toml.txt" in missing(tmp_path)


def test_the_file_itself_for_its_folder(tmp_path: Path) -> None:
    (tmp_path / "publisher.toml").write_text(SITE, encoding="utf-8")
    assert "-C" in missing(tmp_path / "publisher.toml")


def test_a_folder_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "publisher.toml").mkdir()
    assert "同じ名前のフォルダー" in missing(tmp_path)


@given(st.text(max_size=60))
@example('site = "x"')
@example("site.title = 1")
@example("tables = 1")
@example("mirrors = [1]")
@example('[paths]\ncontent = "a\\u0000"')
def test_nothing_but_a_settings_error_comes_out(text: str) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        (Path(folder) / "publisher.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
        with pytest.raises(SettingsError):
            load(Path(folder))


# --- where keys stand ---

TRICKY = """\
# [site]
site.title = "a" # title = 1
"site" . 'url' = '''
[tables]
url = 1'''
x = [ # first
  1, [2,
  3], {a = 1, "b.c" = [4]},
]
m = \"\"\"q\\\"\"\"\"\"\"
d = 1979-05-27 07:32:00
[[t]]
a = 1
[t.mask]
"住所" = "]#"
[[t]]
[[t.u]]
b.c = 1
[[t.u]]
"""


def test_lines_of_tricky_keys() -> None:
    tomllib.loads(TRICKY)
    found = places(TRICKY)
    assert {
        ("site", "title"): 2, ("site", "url"): 3, ("x",): 6, ("x", 0): 7, ("x", 1): 7, ("x", 1, 1): 8,
        ("x", 2): 8, ("x", 2, "b.c"): 8, ("m",): 10, ("d",): 11, ("t", 0): 12, ("t", 0, "a"): 13,
        ("t", 0, "mask"): 14, ("t", 0, "mask", "住所"): 15, ("t", 1): 16, ("t", 1, "u", 0): 17,
        ("t", 1, "u", 0, "b", "c"): 18, ("t", 1, "u", 1): 19,
    }.items() <= found.items()  # fmt: skip


KEYS = st.text("ab.\"'#]=住 \\", min_size=1, max_size=4)
SCALARS = st.one_of(st.integers(), st.booleans(), st.text("ab\"'#]},\n\\住", max_size=6))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)


def written(value: object, multi: bool) -> str:
    """TOML for a value; lists over several lines when ``multi``."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        gap = "\n" if multi else ""
        return f"[{gap}" + f",{gap}".join(written(item, multi) for item in value) + f"{gap}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {written(item, multi)}" for key, item in value.items()) + "}"
    return quoted(str(value))


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def paths_of(value: object, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path} | {found for key, item in inner for found in paths_of(item, (*path, key))}


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.booleans())
def test_every_key_of_any_document_has_its_line(data: dict[str, object], multi: bool) -> None:
    lines: list[str] = []
    starts = {}
    for key, value in data.items():
        starts[(key,)] = len(lines) + 1
        lines += f"{quoted(key)} = {written(value, multi)}".split("\n")
    text = "\n".join(lines)
    assert tomllib.loads(text) == data
    found = places(text)
    assert set(found) == paths_of(data) - {()}
    assert starts.items() <= found.items()
    assert all(1 <= line <= len(lines) for line in found.values())


# --- fingerprint and secrets ---


def test_the_fingerprint_speaks_of_pages_alone(tmp_path: Path) -> None:
    def fingerprint(text: str, folder: str = "a") -> str:
        (tmp_path / folder).mkdir(exist_ok=True)
        return loaded(tmp_path / folder, text).fingerprint

    here = fingerprint(SITE + TABLE + MIRROR)
    assert here == fingerprint(SITE + TABLE + MIRROR, "b")
    same = [
        '[paths]\noutput = "elsewhere"\n' + SITE + TABLE + MIRROR,
        SITE + TABLE + MIRROR.replace("bucket", "other"),
        SITE + TABLE + MIRROR + 'key_env = "K"\nsecret_env = "S"\n',
        SITE + TABLE + MIRROR + RELAY,
    ]
    assert {fingerprint(text) for text in same} == {here}
    other = [
        SITE.replace("災害情報", "防災情報") + TABLE + MIRROR,
        SITE + "[editions]\nlight = false\n" + TABLE + MIRROR,
        SITE + TABLE + 'mask = { "住所" = "town" }\n' + MIRROR,
        SITE + TABLE + 'mask = { "住所" = "initial" }\n' + MIRROR,
        SITE + TABLE + 'expires = "41d"\n' + MIRROR,
        SITE + TABLE + MIRROR + 'public_url = "https://b.example.jp/"\n',
        SITE + TABLE + MIRROR.replace('"a"', '"b"'),
        SITE + 'timezone = "UTC"\n' + TABLE + MIRROR,
    ]
    assert len({here, *map(fingerprint, other)}) == len(other) + 1


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(tmp_path, SITE)
    (tmp_path / "token").write_text("\ufeff hunter2\r\n", encoding="utf-8")
    monkeypatch.setenv("TOWN_A", " hunter1\n")
    monkeypatch.setenv("TOWN_B_FILE", "token")
    assert settings.secret("TOWN_A") == "hunter1"
    assert settings.secret("TOWN_B") == "hunter2"
    monkeypatch.setenv("TOWN_B", "hunter3")
    assert settings.secret("TOWN_B") == "hunter3"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe\xff"])
def test_a_secret_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    settings = loaded(
        tmp_path,
        SITE + MIRROR + 'key_env = "TOWN_K"\nsecret_env = "TOWN_S"\n' + RELAY + 'token_env = "TOWN_T"\n',
    )
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
        monkeypatch.setenv("TOWN_S_FILE", str(tmp_path / "secret"))
        monkeypatch.setenv("TOWN_T_FILE", "no/such/file")
    for name, who in (("TOWN_S", "[[mirrors]] の「a」"), ("TOWN_T", "[[relays]] の「m」")):
        with pytest.raises(SettingsError) as caught:
            settings.secret(name)
        assert name in caught.value.problem.what
        assert who in caught.value.problem.where


# --- the guide ---


def test_the_guide_is_current() -> None:
    file = Path(__file__).resolve().parent.parent / "docs/settings.md"
    assert file.read_text(encoding="utf-8") == page(), "python -m publisher.settings.guide > docs/settings.md"
