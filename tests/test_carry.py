"""A neighbour's site is carried to the byte, and nothing else is: no older one, no forged one, nothing outside of its folder."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publisher.errors import Busy
from publisher.ledger import Ledger
from publisher.mirrors.public import FolderSite
from publisher.pipeline import carry as module
from publisher.pipeline.carry import CarryReport, public_key
from publisher.pipeline.lock import lock
from publisher.proof.bundle import Bundle
from publisher.proof.copy import Copy, File, _refuse_clashes
from publisher.proof.minisign import PublicKey, SecretKey
from publisher.proof.tree import Broken, parse_root, read_shard, safe_path
from tests.test_verify import publisher, served
from tests.town import Town, make_town


def notice(place: Town, name: str, text: str) -> None:
    file = place.content / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"# {text}\n\n{text}です。10時から配ります。\n", encoding="utf-8")


@pytest.fixture
def neighbour(tmp_path: Path) -> Town:
    place = make_town(tmp_path / "neighbour")
    for number in range(4):
        notice(place, f"給水/{number}.md", f"給水所{number}号")
    publisher(place, "keys")
    assert publisher(place, "build")[0] == 0
    return place


@pytest.fixture
def here(tmp_path: Path) -> Town:
    place = make_town(tmp_path / "here", '\n[[mirrors]]\nname = "写し"\nurl = "mirror"\n')
    notice(place, "水.md", "こちらの給水所")
    assert publisher(place, "publish")[0] == 0
    return place


def signed(folder: Path) -> dict[str, bytes]:
    """What a copy has to hold: everything that is signed, so all but the pulse."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "alive.json"}


def carry(place: Town, source: str | Path, key: Path, *more: str) -> tuple[int, dict]:
    return publisher(place, "carry", str(source), "--key", str(key), *more)


def refused(place: Town, source: str | Path, key: Path, *more: str) -> str:
    command = [sys.executable, "-m", "publisher", "-C", str(place.root), "carry", str(source), "--key", str(key), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 2, done.stdout
    return done.stderr


def test_a_site_is_carried_from_its_address_to_our_mirrors(neighbour: Town, here: Town) -> None:
    key = neighbour.public / "minisign.pub"
    before = signed(here.root / "mirror")
    with served(neighbour.public) as url:
        code, said = carry(here, url, key, "--name", "tonari")
        assert code == 0
        copied = here.root / "mirror" / "tonari" / "tonari"
        assert signed(copied) == signed(neighbour.public)
        notice(neighbour, "給水/9.md", "新しい給水所")
        (neighbour.content / "給水/0.md").unlink()
        publisher(neighbour, "build")
        code, said = carry(here, url, key, "--name", "tonari")
        assert code == 0
        assert signed(copied) == signed(neighbour.public)
        assert said["outputs"]["written"] < 60
        assert carry(here, url, key, "--name", "tonari")[1]["outputs"]["written"] == 0
    own = {path: body for path, body in signed(here.root / "mirror").items() if not path.startswith("tonari/")}
    assert own == before
    assert publisher(here, "publish")[0] == 0
    assert signed(copied) == signed(neighbour.public)


def test_two_that_carry_the_same_do_not_disturb_each_other(neighbour: Town, here: Town) -> None:
    """As when the timer starts the next run before the last has ended."""
    state = here.settings().paths.state / "neighbours" / "tonari"
    with lock(state, "ledger.lock"), pytest.raises(Busy):
        carry_here(neighbour, here)
    assert carry_here(neighbour, here).exit_code == 0


def carry_here(neighbour: Town, here: Town) -> CarryReport:
    key = public_key(str(neighbour.public / "minisign.pub"))
    return module.carry(here.settings(), str(neighbour.public), key, "tonari", None, datetime.now(UTC))


def test_a_replayed_old_site_is_refused(neighbour: Town, here: Town, tmp_path: Path) -> None:
    key = neighbour.public / "minisign.pub"
    shutil.copytree(neighbour.public, tmp_path / "old")
    notice(neighbour, "給水/9.md", "新しい給水所")
    publisher(neighbour, "build")
    assert carry(here, neighbour.public, key, "--to", str(tmp_path / "copy"))[0] == 0
    held = signed(tmp_path / "copy")
    assert "古い版" in refused(here, tmp_path / "old", key, "--to", str(tmp_path / "copy"))
    assert signed(tmp_path / "copy") == held


def test_a_machine_that_knows_nothing_of_its_copies_goes_on_with_them(neighbour: Town, here: Town, tmp_path: Path) -> None:
    """After a restore: what stands on our mirrors is the neighbour's, and nothing older comes in its place."""
    key = neighbour.public / "minisign.pub"
    shutil.copytree(neighbour.public, tmp_path / "old")
    notice(neighbour, "給水/9.md", "新しい給水所")
    (neighbour.content / "給水/0.md").unlink()
    publisher(neighbour, "build")
    copied = here.root / "mirror" / "tonari" / "tonari"
    assert carry(here, neighbour.public, key, "--name", "tonari")[0] == 0
    held = signed(copied)
    shutil.rmtree(here.root / ".publisher" / "neighbours")
    assert "古い版" in refused(here, tmp_path / "old", key, "--name", "tonari")
    assert signed(copied) == held
    notice(neighbour, "給水/8.md", "もっと新しい給水所")
    publisher(neighbour, "build")
    code, said = carry(here, neighbour.public, key, "--name", "tonari")
    assert code == 0, said
    assert signed(copied) == signed(neighbour.public)
    assert said["mirrors"][0]["uploaded"] < 60


def serial_of(folder: Path) -> int:
    return json.loads((folder / "manifest.json").read_text("utf-8"))["serial"]


def test_what_another_machine_of_ours_has_carried_is_not_replaced_by_older(neighbour: Town, here: Town, tmp_path: Path) -> None:
    key, copied = neighbour.public / "minisign.pub", here.root / "mirror" / "tonari" / "tonari"
    assert carry(here, neighbour.public, key, "--name", "tonari")[0] == 0
    shutil.copytree(here.root / ".publisher", tmp_path / "other machine")
    notice(neighbour, "給水/91.md", "新しい給水所")
    publisher(neighbour, "build")
    shutil.copytree(neighbour.public, tmp_path / "between")
    notice(neighbour, "給水/92.md", "もっと新しい給水所")
    publisher(neighbour, "build")
    assert carry(here, neighbour.public, key, "--name", "tonari")[0] == 0
    shutil.rmtree(here.root / ".publisher")
    shutil.copytree(tmp_path / "other machine", here.root / ".publisher")
    said = refused(here, tmp_path / "between", key, "--name", "tonari")
    assert "古い版" in said and "公開先「写し」" in said and "tonari" in said
    assert signed(copied) == signed(neighbour.public)
    assert carry(here, neighbour.public, key, "--name", "tonari")[0] == 0


def test_a_mirror_that_was_away_when_an_older_site_came_keeps_the_newer(neighbour: Town, here: Town, tmp_path: Path) -> None:
    key, copied = neighbour.public / "minisign.pub", here.root / "mirror" / "tonari" / "tonari"
    shutil.copytree(neighbour.public, tmp_path / "old")
    notice(neighbour, "給水/91.md", "新しい給水所")
    publisher(neighbour, "build")
    assert carry(here, neighbour.public, key, "--name", "tonari")[0] == 0
    shutil.rmtree(here.root / ".publisher" / "neighbours")
    (here.root / "mirror").rename(here.root / "away")
    assert carry(here, tmp_path / "old", key, "--name", "tonari")[0] == 4
    (here.root / "away").rename(here.root / "mirror")
    newest = serial_of(copied)
    assert "古い版" in refused(here, tmp_path / "old", key, "--name", "tonari")
    assert serial_of(copied) == newest
    assert carry(here, neighbour.public, key, "--name", "tonari")[0] == 0
    assert signed(copied) == signed(neighbour.public)


def test_a_neighbour_whose_numbers_began_anew_is_taken_where_a_person_made_room(neighbour: Town, here: Town, tmp_path: Path) -> None:
    key, copied = tmp_path / "key.pub", here.root / "mirror" / "tonari" / "tonari"
    shutil.copy(neighbour.public / "minisign.pub", key)
    for number in range(2):
        notice(neighbour, f"給水/9{number}.md", f"新しい給水所{number}")
        publisher(neighbour, "build")
    assert carry(here, neighbour.public, key, "--name", "tonari")[0] == 0
    (neighbour.root / ".publisher" / "ledger.db").unlink()
    publisher(neighbour, "build")
    shutil.rmtree(here.root / ".publisher" / "neighbours")
    assert "manifest.json を消して" in refused(here, neighbour.public, key, "--name", "tonari")
    (copied / "manifest.json").unlink()
    assert carry(here, neighbour.public, key, "--name", "tonari")[0] == 0
    assert signed(copied) == signed(neighbour.public)


def test_what_a_mirror_shows_under_another_key_or_not_at_all_keeps_nobody_out(neighbour: Town, here: Town, tmp_path: Path) -> None:
    key = neighbour.public / "minisign.pub"
    copied = here.root / "mirror" / "tonari" / "tonari"
    assert carry(here, neighbour.public, key, "--name", "tonari")[0] == 0
    shutil.rmtree(here.root / ".publisher" / "neighbours")
    root = json.loads((copied / "manifest.json").read_text("utf-8")) | {"serial": 99}
    (copied / "manifest.json").write_text(json.dumps(root), encoding="utf-8")
    assert carry(here, neighbour.public, key, "--name", "tonari")[0] == 0
    assert signed(copied) == signed(neighbour.public)


@pytest.mark.parametrize("name", ["manifest.json", "manifest.json.minisig", "manifest/n*.json", "index.html", "k/n/*.html"])
def test_a_changed_byte_is_refused_as_a_whole(neighbour: Town, here: Town, tmp_path: Path, name: str) -> None:
    key = tmp_path / "key.pub"
    shutil.copy(neighbour.public / "minisign.pub", key)
    file = sorted(neighbour.public.glob(name))[0]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))
    refused(here, neighbour.public, key, "--to", str(tmp_path / "copy"))
    assert signed(tmp_path / "copy") == {}


def test_another_key_and_an_unsigned_site_are_refused(neighbour: Town, here: Town, tmp_path: Path) -> None:
    other = tmp_path / "other.pub"
    other.write_text(SecretKey.make(bytes(range(40))).public.text)
    assert "署名" in refused(here, neighbour.public, other, "--to", str(tmp_path / "copy"))
    (neighbour.public / "manifest.json.minisig").unlink()
    assert "署名がありません" in refused(here, neighbour.public, neighbour.public / "minisign.pub", "--to", str(tmp_path / "copy"))
    assert "公開鍵" in refused(here, neighbour.public, Path("nonsense"), "--to", str(tmp_path / "copy"))


def test_a_folder_with_something_else_is_left_alone(neighbour: Town, here: Town) -> None:
    before = signed(here.public)
    refused(here, neighbour.public, neighbour.public / "minisign.pub", "--to", str(here.public))
    assert signed(here.public) == before


def test_a_bundle_makes_the_same_site_elsewhere(neighbour: Town, here: Town, tmp_path: Path) -> None:
    key, copy = neighbour.public / "minisign.pub", tmp_path / "copy"
    code, first = publisher(neighbour, "bundle", str(tmp_path / "all.bundle"))
    assert code == 0
    again = tmp_path / "again.bundle"
    publisher(neighbour, "bundle", str(again))
    assert again.read_bytes() == (tmp_path / "all.bundle").read_bytes()
    assert carry(here, tmp_path / "all.bundle", key, "--to", str(copy))[0] == 0
    assert signed(copy) == signed(neighbour.public)
    notice(neighbour, "給水/9.md", "新しい給水所")
    (neighbour.content / "給水/1.md").unlink()
    publisher(neighbour, "build")
    _, second = publisher(neighbour, "bundle", str(tmp_path / "more.bundle"), "--since", str(first["serial"]))
    assert second["bytes"] < first["bytes"]
    assert carry(here, tmp_path / "more.bundle", key, "--to", str(copy))[0] == 0
    assert signed(copy) == signed(neighbour.public)
    assert "古い版" in refused(here, tmp_path / "all.bundle", key, "--to", str(copy))
    assert "--since" in refused(here, tmp_path / "more.bundle", key, "--to", str(tmp_path / "empty"))


def test_a_bundle_with_a_changed_byte_changes_nothing(neighbour: Town, here: Town, tmp_path: Path) -> None:
    file, copy = tmp_path / "all.bundle", tmp_path / "copy"
    publisher(neighbour, "bundle", str(file))
    plain = bytearray(gzip.decompress(file.read_bytes()))
    for place in range(600, len(plain), max(1, len(plain) // 6)):
        changed = bytearray(plain)
        while changed[place] == 0:
            place += 1
        changed[place] ^= 4
        file.write_bytes(gzip.compress(bytes(changed), 1))
        refused(here, file, neighbour.public / "minisign.pub", "--to", str(copy))
        assert signed(copy) == {}
    packed = gzip.compress(bytes(plain))
    file.write_bytes(packed[: len(packed) // 2])
    refused(here, file, neighbour.public / "minisign.pub", "--to", str(copy))
    file.write_bytes(b"no bundle at all")
    refused(here, file, neighbour.public / "minisign.pub", "--to", str(copy))


def test_a_bundle_cannot_write_elsewhere(neighbour: Town, here: Town, tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("manifest.json", "manifest.json.minisig"):
            tar.add(neighbour.public / name, name)
        info = tarfile.TarInfo("../../escaped")
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))
    (tmp_path / "evil.bundle").write_bytes(gzip.compress(out.getvalue()))
    refused(here, tmp_path / "evil.bundle", neighbour.public / "minisign.pub", "--to", str(tmp_path / "a" / "copy"))
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a//b", "a/../b", ".hidden", "a/.b", "名前", "a\\b", "", "a/", "x" * 301, 3, "a\nb"])
def test_paths_that_lead_out_are_refused(path: object) -> None:
    with pytest.raises(Broken):
        safe_path(path)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"format": 2}', b'{"format":1,"shards":{"a":["x",1]},"serial":1,"files":0,"site":"","publisher":"","time":"","expires":""}'])
def test_a_list_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(Broken):
        parse_root(body)


def test_a_part_that_names_what_is_not_its_own_is_refused() -> None:
    import hashlib

    for value in ({"shards": {"b": ["0" * 64, 1]}}, {"files": {"../x": ["0" * 64, 1, "document"]}}, {"files": {"x": ["0" * 64, -1, "document"]}}):
        body = json.dumps(value).encode()
        with pytest.raises(Broken):
            read_shard(body, "a", hashlib.sha256(body).hexdigest())


class Stopped(BaseException):
    """The machine loses its power."""


def take(source: Path, to: Path, now: datetime | None = None) -> int:
    """Files written."""
    key = PublicKey.parse((source / "minisign.pub").read_text())
    with closing(Ledger(to.parent / "copy.db")) as ledger:
        return Copy(to, ledger, key).take(FolderSite(source).fetch, now or datetime.now(UTC)).written


def take_until(monkeypatch: pytest.MonkeyPatch, source: Path, to: Path, last: str) -> None:
    """Stop where the file of this name is renamed into its place ("": the tenth of them)."""
    real, count = os.replace, 0

    def replace(start: str, end: str) -> None:
        nonlocal count
        count += 1
        if (last and str(end).endswith(f"/{last}")) or (not last and count == 10):
            raise Stopped
        real(start, end)

    with monkeypatch.context() as patch, pytest.raises(Stopped):
        patch.setattr(os, "replace", replace)
        take(source, to)


@pytest.mark.parametrize("last", ["", "manifest.json", "manifest.json.minisig"])
@pytest.mark.parametrize("first", [True, False])
def test_a_copy_that_was_stopped_is_finished(neighbour: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool, last: str) -> None:
    copy = tmp_path / "copy"
    if not first:
        take(neighbour.public, copy)
        notice(neighbour, "給水/9.md", "新しい給水所")
        publisher(neighbour, "build")
    take_until(monkeypatch, neighbour.public, copy, last)
    take(neighbour.public, copy)
    assert signed(copy) == signed(neighbour.public)
    assert take(neighbour.public, copy) == 0


def test_what_was_stopped_and_taken_back_is_gone(neighbour: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of an edition that was never finished do not stay behind, and the bytes that it changed are put back."""
    copy, old = tmp_path / "copy", tmp_path / "old"
    take(neighbour.public, copy)
    shutil.copytree(neighbour.public, old)
    notice(neighbour, "給水/9.md", "新しい給水所")
    publisher(neighbour, "build")
    take_until(monkeypatch, neighbour.public, copy, "manifest.json")
    with pytest.raises(Broken, match="古い版"):
        take(old, copy)
    (neighbour.content / "給水/9.md").unlink()
    publisher(neighbour, "build")
    take(neighbour.public, copy)
    assert signed(copy) == signed(neighbour.public)


def test_an_expired_site_is_refused(neighbour: Town, tmp_path: Path) -> None:
    with pytest.raises(Broken, match="有効期限"):
        take(neighbour.public, tmp_path / "copy", datetime.now(UTC) + timedelta(days=40))
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("paths", [("a", "a/b"), ("manifest.json",), ("manifest.json.minisig",), ("manifest/n.json",), ("manifest",)])
def test_names_that_clash_are_refused(paths: tuple[str, ...]) -> None:
    with pytest.raises(Broken):
        _refuse_clashes({path: File(path, "0" * 64, 1, "document") for path in paths})


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(gzip.compress(bytes(50_000_000)))
    with pytest.raises(Broken, match="大きすぎます"):
        Bundle(tmp_path / "bomb", tmp_path / "plain")
    assert (tmp_path / "plain").stat().st_size <= 25_000_000


@pytest.mark.parametrize("kind", [b"0", b"x", b"g", b"L", b"S"])
def test_a_size_below_nothing_is_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type = kind
    head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    head[124:136] = (-512 & (256**12 - 1)).to_bytes(12, "big")
    head[148:156] = b" " * 8
    head[148:156] = f"{sum(head):06o}\0 ".encode()
    (tmp_path / "bad").write_bytes(gzip.compress(tarfile.TarInfo("manifest.json").tobuf() + bytes(head) + bytes(1024)))
    with pytest.raises(Broken):
        Bundle(tmp_path / "bad", tmp_path / "plain")


def test_lists_are_kept_in_no_cache_on_the_way(neighbour: Town, here: Town) -> None:
    import sqlite3

    (neighbour.content / "避難所.csv").write_text("名称,住所\n第1小学校,汐見市本町1\n第2小学校,汐見市本町2\n", encoding="utf-8")
    publisher(neighbour, "build")
    assert carry(here, neighbour.public, neighbour.public / "minisign.pub", "--name", "tonari")[0] == 0
    with sqlite3.connect(here.root / ".publisher" / "neighbours" / "tonari" / "ledger.db") as ledger:
        personal = dict(ledger.execute("SELECT path, personal FROM pages"))
    ledger.close()
    assert {bool(flag) for path, flag in personal.items() if "t/" in path[:4]} == {True}
    assert not personal["index.html"]


def test_a_bundle_for_our_mirrors_needs_a_name(neighbour: Town, here: Town, tmp_path: Path) -> None:
    publisher(neighbour, "bundle", str(tmp_path / "all.bundle"))
    assert "--name" in refused(here, tmp_path / "all.bundle", neighbour.public / "minisign.pub")


def test_however_much_the_neighbour_takes_down_goes_from_our_mirrors(neighbour: Town, here: Town) -> None:
    """The ceiling of deletions guards against accidents of our own; the neighbour's signed list is the authority for its site."""
    for number in range(10, 40):
        notice(neighbour, f"道路/{number}.md", f"通行止め{number}号")
    publisher(neighbour, "build")
    key = neighbour.public / "minisign.pub"
    assert carry(here, neighbour.public, key, "--name", "tonari")[0] == 0
    toml = neighbour.root / "publisher.toml"
    toml.write_text(toml.read_text("utf-8") + "\n[editions]\nlegacy = false\nlight = false\n", encoding="utf-8")
    publisher(neighbour, "build")
    code, said = carry(here, neighbour.public, key, "--name", "tonari")
    assert code == 0 and said["mirrors"][0]["deleted"] > 60
    assert signed(here.root / "mirror" / "tonari" / "tonari") == signed(neighbour.public)
