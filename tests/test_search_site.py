"""The search on a whole site: nothing private in its files, few of them change, and they go when the roll goes."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path

from publisher.mirrors.headers import headers
from tests.test_tables import people
from tests.town import Town, broken_links, make_town

COLUMNS = ["番号", "氏名", "フリガナ", "生年月日", "住所", "年齢", "電話番号", "避難所", "公表同意", "閲覧制限", "備考"]
SECRETS = ("090-", "1955/", "丁目", "持病", "ひみつ")


def roll(count: int, moved: int | None = None) -> bytes:
    """A roll as the office keeps it; every seventh has not agreed, every eleventh must not be shown."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, (name, kana, town, _, shelter) in enumerate(people(count, seed=6)):
        agreed, hidden = "" if number % 7 == 0 else "同意する", "有" if number % 11 == 0 else ""
        if not agreed or hidden:
            name, kana = f"ひみつ{number}　{name}", f"ヒミツ　{kana}"
        if number == moved:
            shelter = "移動先体育館"
        row = [number, name, kana, "1955/01/02", f"{town}3丁目4番5号", 67, "090-1234-5678", shelter, agreed, hidden, "持病あり"]
        writer.writerow(row)
    return out.getvalue().encode()


def search_files(town: Town) -> dict[str, bytes]:
    return {path: body for path, body in town.files().items() if "/s/" in path}


def test_a_roll_on_the_site(tmp_path: Path) -> None:
    town = make_town(tmp_path)
    town.notices(8)
    town.drop("避難者名簿/名簿.csv", roll(900))
    town.build()
    first = search_files(town)
    assert "t/hinansha/s/root.json" in first and len(first) > 5
    assert not broken_links(town.files())

    for path, body in first.items():
        said = body.decode()
        assert path.isascii() and path.startswith("t/hinansha/s/")
        if path.endswith(".json"):
            assert not [secret for secret in SECRETS if secret in said or json.dumps(secret)[1:-1] in said], path
    assert "t/hinansha" not in (town.public / "sitemap.xml").read_text("utf-8")
    with town.desk() as opened:
        kept = {path: opened.ledger.pages.get(path) for path in first}
    for path, record in kept.items():
        assert record is not None
        assert (headers(path, record.kind, record.personal).cache_control == "no-store") == path.endswith(".json")

    chance = random.Random(1)
    moved = next(n for n in iter(lambda: chance.randrange(900), None) if n % 7 and n % 11)
    town.drop("避難者名簿/名簿.csv", roll(900, moved))
    town.build()
    second = search_files(town)
    changed = {path for path in first.keys() | second.keys() if first.get(path) != second.get(path)}
    assert "t/hinansha/s/root.json" in changed and len(changed) <= 3

    (town.content / "避難者名簿/名簿.csv").unlink()
    town.build()
    assert search_files(town) == {}
    assert "sagasu" not in town.page("t/hinansha/index.html")
