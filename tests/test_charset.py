"""Text files in whatever encoding an office's machines have written them."""

from __future__ import annotations

import codecs
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.errors import Unreadable
from publisher.readers.charset import decode

TEXT = "給水所のお知らせ\n断水が続いているため、汐見小学校で給水を行います。容器をお持ちください。\n時間：9時〜17時（日曜も）\n"
CODECS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp932",
    "euc_jp",
    "iso2022_jp",
    "shift_jis_2004",
    "euc_jis_2004",
)
LETTERS = "あいうえおかきくけこがぎぐのはをんアイウエオカキータナ給水断避難所道路学校市町村年月日時分、。・「」（）０１２abcXYZ 019-\n"
TWINS = [
    f"cpython_{name}" for name in ("euc_jisx0213", "euc_jp", "iso2022_jp", "shift_jis", "shift_jisx0213")
]
WORDS = [
    "給水",
    "断水",
    "避難所",
    "お知らせ",
    "山田太郎",
    "通行止め",
    "津波警報",
    "停電",
    "佐藤",
    "ゴミ",
    "学校",
    "道路",
    "氏名",
    "本町小学校",
    "東京都",
    "名前",
    "ヤマダ",
    "備考",
    "水",
    "中止",
    "休校",
    "緊急",
]
HALF = [
    "ﾔﾏﾀﾞ",
    "ﾀﾛｳ",
    "ｻﾄｳ",
    "ｽｽﾞｷ",
    "ﾀﾅｶ",
    "ﾜﾀﾅﾍﾞ",
    "ｷﾑﾗ",
    "ﾊﾅｺ",
    "ﾐﾂﾋﾞｼ",
    "ｶﾞｿﾘﾝ",
    "ﾅｶ",
    "ﾄｳｷｮｳ",
    "ｱｵｷ",
    "ｲﾄｳ",
    "ｳｴﾀﾞ",
    "ｺﾊﾞﾔｼ",
    "ﾌﾘｶﾞﾅ",
    "ﾋﾅﾝｼﾞｮ",
]


@pytest.mark.parametrize("codec", CODECS)
def test_every_encoding_of_an_office(codec: str) -> None:
    found = decode("a.txt", TEXT.replace("〜", "から").encode(codec))
    assert found.text == TEXT.replace("〜", "から")
    assert found.warnings == ()


@pytest.mark.parametrize(
    "bom",
    [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE],
)
def test_a_mark_alone_is_an_empty_text(bom: bytes) -> None:
    assert decode("a.txt", bom).text == ""


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    [
        "あしたのひなんくんれんについておしらせ",
        "汐見市からの給水のお知らせです。",
        "全角　空白\n2行目",
        "氏名,住所\n山田,本町\n",
    ],
)
def test_utf16_without_a_mark(codec: str, text: str) -> None:
    assert decode("a.txt", text.encode(codec)).text == text


@pytest.mark.parametrize("twin", TWINS)
def test_twins_are_equal(real: Path, twin: str) -> None:
    folder = real / "5_text_encodings"
    foreign, unicode = ((folder / f"{twin}{end}.txt").read_bytes() for end in ("", "-utf8"))
    assert decode("a.txt", foreign).text == decode("b.txt", unicode).text


@pytest.mark.parametrize("name", ["iso_2022_jp", "shift_jis"])
def test_every_character_of_the_web_encodings(real: Path, name: str) -> None:
    """The tables of the Encoding Standard, a character a line; cells without a character are left out."""
    folder = real / "5_text_encodings"
    lines = (folder / f"encoding_rs_{name}_in.txt").read_bytes().split(b"\n")
    shown = (folder / f"encoding_rs_{name}_in_ref.txt").read_text(encoding="utf-8").split("\n")
    kept = [
        (line, text)
        for line, text in zip(lines, shown, strict=True)
        if "\ufffd" not in text and not any("\ue000" <= c <= "\uf8ff" for c in text)
    ]
    found = decode("a.txt", b"\n".join(line for line, _ in kept)).text.split("\n")
    same = str.maketrans(
        "〜‖−¢£¬—", "～∥－￠￡￢―"
    )  # the same characters in the tables of JIS and of Microsoft
    wrong = [(a, b) for a, (_, b) in zip(found, kept, strict=True) if a.translate(same) != b.translate(same)]
    assert wrong == []


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("codec", ["cp932", "euc_jp", "utf-8", "iso2022_jp"])
def test_single_words(word: str, codec: str) -> None:
    assert decode("a.txt", word.encode(codec)).text == word


@pytest.mark.parametrize("name", HALF)
def test_names_in_half_width_kana_are_not_euc(name: str) -> None:
    assert decode("a.csv", name.encode("cp932")).text == name


@pytest.mark.parametrize(
    "text", ["não há água", "Вода есть", "Café São Paulo", "Nước sạch", "물", "ประกาศ", "😀"]
)
def test_other_languages_in_utf8(text: str) -> None:
    found = decode("a.pt.txt", text.encode())
    assert (found.text, found.warnings) == (text, ())


@pytest.mark.parametrize(
    "text", ["①㈱㌔の髙橋と山﨑です。避難所は開いています。", "℡は②へ、№3の扉から入ってください。"]
)
def test_characters_of_vendors(text: str) -> None:
    """NEC's and IBM's rows, as Windows writes them into EUC-JP (CP51932) and into mail (CP50221)."""
    euc = b"".join(_cp51932(character) for character in text)
    assert decode("a.txt", euc).text == text
    mail = b"\x1b$B" + bytes(byte & 0x7F for byte in euc.replace(b"3", "３".encode("euc_jp"))) + b"\x1b(B"
    assert decode("a.txt", mail).text == text.replace("3", "３")


def _cp51932(character: str) -> bytes:
    pair = character.encode("cp932")
    if len(pair) == 1:
        return pair
    if pair[0] >= 0xFA:  # IBM's own places have no cell in JIS X 0208: NEC's selection of them has
        pair = next(
            p
            for p in (bytes((a, b)) for a in (0xED, 0xEE) for b in range(0x40, 0xFD))
            if p.decode("cp932", "ignore") == character
        )
    row = (pair[0] - (0x81 if pair[0] < 0xA0 else 0xC1)) * 2 + 0x21
    if pair[1] >= 0x9F:
        return bytes(((row + 1) | 0x80, (pair[1] - 0x7E) | 0x80))
    return bytes((row | 0x80, (pair[1] - (0x1F if pair[1] < 0x7F else 0x20)) | 0x80))


def test_half_width_kana_in_mail() -> None:
    kana = "ｶﾅｽｲ"
    mail = b"\x1b(I" + bytes(byte & 0x7F for byte in kana.encode("cp932")) + b"\x1b(B\n"
    assert decode("a.txt", mail).text == kana + "\n"


def test_ascii_needs_no_guess() -> None:
    assert decode("a.txt", b"A0B0C0D0 E0\r\nline 2\r").text == "A0B0C0D0 E0\nline 2\n"


@pytest.mark.parametrize("misread", ["latin-1", "cp1252"])
@pytest.mark.parametrize("codec", ["cp932", "utf-8"])
def test_what_was_read_wrongly_and_saved_is_mended(misread: str, codec: str) -> None:
    raw = TEXT.replace("〜", "～").encode(codec)
    spoiled = (
        raw.decode(misread)
        if misread == "latin-1"
        else "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in raw)
    )
    found = decode("a.txt", spoiled.encode())
    assert found.text == TEXT.replace("〜", "～")
    assert [problem.code for problem in found.warnings] == ["mojibake-mended"]


@pytest.mark.parametrize("line", ["断水のお知らせ", "給水所は第一小学校です", "避難所を開設しました"])
@pytest.mark.parametrize("codec", ["cp932", "utf-8", "euc_jp"])
def test_one_line_read_wrongly_is_mended(line: str, codec: str) -> None:
    """Short ones look like half-width kana or UTF-16, too."""
    found = decode("a.txt", line.encode(codec).decode("latin-1").encode())
    assert (found.text, [problem.code for problem in found.warnings]) == (line, ["mojibake-mended"])


@pytest.mark.parametrize("more", ["", " "])
@pytest.mark.parametrize(
    "text",
    [
        "A prefeitura informa que não há água. Atenção: a distribuição será às 10 h na escola.", "Évacuation à l'école: déjà ouverte à côté de l'hôtel",
        "La evacuación será mañana. Atención: sólo niños.", "Bitte gehen Sie zur nächsten Schule. Für Ältere gibt es Fahrzeuge, Straße gesperrt.",
    ],
)  # fmt: skip
def test_translations_from_western_machines(text: str, more: str) -> None:
    found = decode("a.pt.txt", (text + more).encode("cp1252"))
    assert (found.text, found.encoding, [w.code for w in found.warnings]) == (text + more, "cp1252", ["western"])


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("避难所开设通知，请大家注意安全。请到第一小学校避难。", "gbk"), ("停水通知 饮用水供应点设在市政府", "gbk"), ("避難所開設通知，請大家注意安全", "big5"),
        ("대피소 안내입니다. 학교로 대피하십시오", "euc_kr"), ("Внимание, эвакуация в школу", "cp1251"),
    ],
)  # fmt: skip
def test_other_languages_in_their_own_encodings_are_refused(text: str, codec: str) -> None:
    """They are valid as EUC-JP or CP932 and would be published as rubbish."""
    for more in ("", "\n"):
        with pytest.raises(Unreadable):
            decode("a.txt", (text + more).encode(codec))


@pytest.mark.parametrize("codec", ["cp932", "euc_jp", "iso2022_jp", "utf-16-le"])
@pytest.mark.parametrize("text", ["佐藤,高橋,渡辺,榊原,鷲尾,諏訪,逸見,轟\n", "本町,港町,浜町,字大沢,字黒岩,字鍬ヶ崎\n", "熊谷 菅原 及川 畠山 千葉 阿部 遠藤\n"])
def test_lists_without_kana(text: str, codec: str) -> None:
    assert decode("a.csv", text.encode(codec)).text == text


@pytest.mark.parametrize("text", ["a¡¡,b¡¡,c¡¡", "¡Atención! ¡Cuidado! ¡¡¡", "£££ ¥¥¥", "déjà à côté où été"])
def test_what_only_could_have_been_read_wrongly_stays(text: str) -> None:
    assert decode("a.txt", text.encode()).text == text


def test_lines_read_wrongly_among_good_ones_are_mended() -> None:
    spoiled = TEXT.replace("〜", "から").encode("cp932").decode("latin-1") + "追記：日曜は休みです。\n"
    assert decode("a.txt", spoiled.encode()).text == TEXT.replace("〜", "から") + "追記：日曜は休みです。\n"


def test_gaiji_are_told_and_stay_in_cp932() -> None:
    found = decode(
        "名簿.csv", "氏名\n".encode("cp932") + b"\xf0\x40" + "田太郎さんの避難所は本町です\n".encode("cp932")
    )
    assert found.encoding == "cp932"
    assert found.text == "氏名\n\ue000田太郎さんの避難所は本町です\n"
    assert [(problem.code, problem.where) for problem in found.warnings] == [("gaiji", "名簿.csv 2行目")]


def test_characters_lost_earlier_are_told() -> None:
    found = decode("a.txt", "1行目\n避\ufffd所\n".encode())
    assert [(problem.code, problem.where) for problem in found.warnings] == [
        ("lost-characters", "a.txt 2行目")
    ]


@pytest.mark.parametrize("codec", ["cp932", "utf-8", "euc_jp"])
def test_a_broken_byte_is_an_error_with_its_line(codec: str) -> None:
    data = (TEXT.replace("〜", "から") * 3).encode(codec) + b"\xff\xff\n"
    with pytest.raises(Unreadable) as caught:
        decode("給水.txt", data)
    assert caught.value.problem.code == "charset"
    assert caught.value.problem.where == "給水.txt 10行目"


def test_a_file_cut_within_a_character() -> None:
    with pytest.raises(Unreadable, match="2行目"):
        decode("a.txt", "1行目\n避難所".encode()[:-1])


def test_a_broken_byte_far_below_the_sample() -> None:
    data = "山田太郎,本町\r\n".encode("cp932") * 20_000 + b"\x82\xff\r\n"
    with pytest.raises(Unreadable, match="20001行目"):
        decode("a.csv", data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01" + bytes(57),
        bytes(range(256)) * 8,
        b"\x00\x01\x02\x03" * 30,
        b"\x01\x02\x03\x04\x05\x06\x07" * 9,
    ],
)
def test_what_is_no_text(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode("a.txt", data)


def test_control_characters_are_taken_out_and_told() -> None:
    found = decode(
        "a.txt", "給水の\x0bお知らせは市役所のページでご覧ください\x00\x1a".replace("\x00", "").encode()
    )
    assert found.text == "給水のお知らせは市役所のページでご覧ください"
    assert [problem.code for problem in found.warnings] == ["control-characters"]


@pytest.mark.parametrize("codec", ["cp932", "euc_jp", "utf-8"])
def test_thirteen_megabytes_take_a_few_times_what_decoding_alone_takes(codec: str) -> None:
    """Half a second where plain decoding of CP932 takes 0.06; a ratio, since machines differ and are busy."""
    line = "12345,山田太郎,ﾔﾏﾀﾞ ﾀﾛｳ,本町1丁目2番3号,避難所,令和6年1月9日\r\n".encode(codec)
    data = line * (13_000_000 // len(line))
    plain, ours = [], []
    for _ in range(3):
        started = time.process_time()
        data.decode(codec)
        between = time.process_time()
        found = decode("名簿.csv", data)
        plain.append(between - started)
        ours.append(time.process_time() - between)
    assert min(ours) < 8 * min(plain) + 0.1
    assert found.text.count("\n") == data.count(b"\n")


@given(
    st.text(LETTERS, min_size=20).filter(lambda text: sum(c > "\x7f" for c in text) >= 10),
    st.sampled_from(CODECS),
)
@example("ガガガガガガガガガガガガガガガガガガガガ", "euc_jp")
def test_what_was_encoded_is_decoded(text: str, codec: str) -> None:
    assert decode("a.txt", text.encode(codec)).text == text


@given(
    st.text(
        st.characters(
            codec="utf-8",
            exclude_categories=("Cc", "Cs", "Co"),
            exclude_characters="\u2028\u2029\ufffd\ufeff",
        ),
        min_size=1,
    )
)
@example("ｶﾅ\n㈱①")
def test_utf8_is_never_changed_in_silence(text: str) -> None:
    found = decode("a.txt", codecs.BOM_UTF8 + text.encode())
    assert found.text == text


@given(st.binary())
@example(b"\x1b$B\x1b")
@example(b"\x1b$B!\x1b(B")
@example(b"\xad")
def test_bytes_raise_unreadable_and_nothing_else(data: bytes) -> None:
    try:
        found = decode("a.txt", data)
    except Unreadable as error:
        assert "a.txt" in str(error)
        assert error.problem.todo
    else:
        assert "\r" not in found.text
