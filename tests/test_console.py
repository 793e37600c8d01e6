"""What staff see: the page in the drop folder, and the preview on this machine."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.console import preview
from publisher.console.preview import Preview, serve
from publisher.console.status_page import (
    LATEST,
    PATIENCE,
    TROUBLED,
    MirrorRow,
    Row,
    StatusView,
    reasons,
    render,
)
from publisher.console.telephone import bare, spelled
from publisher.editions import Theme
from publisher.errors import SettingsError, UsageError
from publisher.model import Problem, State

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 10, 16, 14, 46, tzinfo=TOKYO)
SITE = "https://saigai.example.jp/"

PROBLEM = Problem(
    "missing-column",
    "公表の同意の列「公表同意」がありません。",
    "名簿/西山.xlsx シート「1」",
    "この表はまだ公開していません。",
    "見出しを直して、上書き保存してください。",
)
PUBLISHED = Row(
    "給水/給水所.md", "給水所の場所", State.PUBLISHED, NOW - timedelta(minutes=1), f"{SITE}n/4f2k7q.html", 3
)
HELD = Row("名簿/西山.xlsx", "西山", State.HELD, NOW - timedelta(minutes=9), "", 0, (PROBLEM,))
REACHED = MirrorRow("primary", True, 0, NOW - timedelta(hours=1), None, SITE)
LATE = MirrorRow("東北クラウド", False, 12, NOW - timedelta(seconds=20))
VIEW = StatusView("汐見市 災害情報", SITE, NOW, 7, 240, 0, mirrors=(REACHED,), latest=(PUBLISHED,))


class Words(HTMLParser):
    """The text that a person reads, and every start tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


def shown(view: StatusView) -> Words:
    words = Words()
    words.feed(render(view).decode("utf-8"))
    words.close()
    assert words.open == []
    return words


def text(view: StatusView) -> str:
    return re.sub(r"\s+", " ", "".join(shown(view).text))


# --- the headline ---


def test_all_is_well() -> None:
    said = text(VIEW)
    assert "すべて公開されています。" in said
    assert "確認が必要" not in said
    assert "10月16日 14時46分 現在" in said


def test_things_that_wait_are_counted() -> None:
    stuck = replace(LATE, problem=Problem("down", "つながりません。"))
    view = replace(VIEW, troubled_count=3, troubled=(HELD,), problems=(PROBLEM,), mirrors=(REACHED, stuck))
    said = text(view)
    assert "5件、確認が必要です。" in said
    assert "すべて公開" not in said
    assert "（5件確認）" in said.partition("公開の状況")[0]
    assert "ほかに2件あります" in said


def test_sending_for_a_moment_frightens_nobody() -> None:
    said = text(replace(VIEW, mirrors=(REACHED, LATE)))
    assert "公開先に送っています。" in said
    assert "すべて公開" not in said
    assert "確認が必要" not in said


def test_a_mirror_that_stays_behind_is_told() -> None:
    view = replace(VIEW, mirrors=(replace(LATE, since=NOW - PATIENCE - timedelta(seconds=1)),))
    assert "1件、確認が必要です。" in text(view)
    assert "遅れています" in text(view)


def test_an_empty_site() -> None:
    said = text(StatusView("汐見市", SITE, NOW, 0, 0, 0))
    assert "まだ何もありません。" in said
    assert "すべて公開" not in said


# --- what waits ---


def test_a_held_file_says_what_where_what_is_shown_and_what_to_do() -> None:
    said = text(replace(VIEW, troubled_count=1, troubled=(HELD,)))
    for phrase in ("保留中", HELD.path, PROBLEM.what, "シート「1」", PROBLEM.shown, PROBLEM.todo):
        assert phrase in said
    assert "名簿/西山.xlsx シート" not in said  # the file's name stands above already


def test_a_rejected_file_shows_the_version_that_stands() -> None:
    row = replace(HELD, state=State.REJECTED, address=f"{SITE}t/a/index.html", version=2)
    view = replace(VIEW, troubled_count=1, troubled=(row,))
    assert "読めません" in text(view)
    assert {"href": f"{SITE}t/a/index.html"} in [
        attributes for tag, attributes in shown(view).tags if tag == "a"
    ]


def test_the_same_reason_in_many_places_is_told_once() -> None:
    cells = tuple(replace(PROBLEM, where=f"名簿/西山.xlsx D{row}") for row in range(1, 31))
    other = replace(PROBLEM, what="列が2つあります。")
    said = text(replace(VIEW, troubled_count=1, troubled=(replace(HELD, problems=(*cells, other)),)))
    assert said.count(PROBLEM.what) == 1
    assert other.what in said  # the same code, but another thing
    assert "D1、D2、" in said
    assert "ほか22か所" in said


def test_reasons_are_counted_out() -> None:
    told, more = reasons(tuple(replace(PROBLEM, what=str(number)) for number in range(20)))
    assert (len(told), more) == (8, 12)


# --- the way of a document ---


def test_the_way_of_a_published_document() -> None:
    said = text(replace(VIEW, mirrors=(REACHED, LATE)))
    way = said[said.index("受け取り 10月16日 14時45分") :]
    assert re.search(r"受け取り .*公開（第3版） .*primary ✓届きました .*東北クラウド …まだです", way)


def test_a_document_may_be_there_before_its_mirror_has_everything() -> None:
    row = replace(PUBLISHED, mirrors=(("primary", True), ("東北クラウド", True)))
    said = text(replace(VIEW, mirrors=(REACHED, LATE), latest=(row,)))
    assert "東北クラウド ✓届きました" in said


@pytest.mark.parametrize("state", [state for state in State if state is not State.PUBLISHED])
def test_what_is_not_public_has_no_address_to_tell(state: State) -> None:
    view = replace(VIEW, latest=(replace(PUBLISHED, state=state),))
    assert "n/4f2k7q.html" not in text(view)
    assert "届きました" not in text(view)


def test_times_are_those_of_the_site() -> None:
    row = replace(PUBLISHED, arrived=datetime(2026, 10, 16, 0, 5, tzinfo=UTC))
    assert "10月16日 9時05分" in text(replace(VIEW, latest=(row,)))


# --- by telephone ---


def test_an_address_can_be_read_out() -> None:
    said = text(VIEW)
    assert "saigai.example.jp のあとに「スラッシュ エヌ スラッシュ 4 エフ 2 ケー 7 キュー ドット" in said
    assert spelled("https://a.jp/") == ("a.jp", "")
    assert spelled("http://a.jp/t/A-1.en.html") == (
        "a.jp", "スラッシュ ティー スラッシュ エー ハイフン 1 ドット イー エヌ ドット エイチティーエムエル"
    )  # fmt: skip
    assert spelled(f"https://a.jp/{'x' * 41}") == ("a.jp", "")
    assert bare("https://a.jp/x") == "a.jp/x"


@given(st.from_regex(r"[a-z0-9._/-]{1,35}\.html", fullmatch=True))
def test_every_character_of_an_address_is_said(path: str) -> None:
    path = path.lstrip("/") or "x"
    words = spelled(f"https://a.jp/{path}")[1].split()
    assert len(words) == len("/" + path.removesuffix(".html")) + (2 if path.endswith(".html") else 0)
    assert not re.search(r"[a-z./_-]", "".join(words))


# --- the page as a file ---


def test_it_needs_nothing_from_elsewhere() -> None:
    words = shown(
        replace(VIEW, troubled_count=1, troubled=(HELD,), problems=(PROBLEM,), mirrors=(REACHED, LATE))
    )
    names = {tag for tag, _ in words.tags}
    assert not names & {"script", "img", "link", "iframe", "object", "form", "base"}
    assert not [
        attributes
        for _, attributes in words.tags
        if any(name.startswith("on") or name == "src" for name in attributes)
    ]
    assert "url(" not in render(VIEW).decode() and "@import" not in render(VIEW).decode()
    metas = [attributes for tag, attributes in words.tags if tag == "meta"]
    assert {"charset": "utf-8"} in metas
    assert {"http-equiv": "refresh", "content": "10"} in metas
    assert [a["content"] for a in metas if a.get("http-equiv") == "Content-Security-Policy"] == [
        "default-src 'none'; style-src 'unsafe-inline'"
    ]


def test_names_of_files_are_text_and_never_markup() -> None:
    name = "<script>alert(1)</script>&\"'.md"
    view = replace(
        VIEW, title=name, troubled_count=1, problems=(replace(PROBLEM, what=name),),
        troubled=(replace(HELD, path=name, problems=(replace(PROBLEM, where=name, todo=name),)),),
        latest=(replace(PUBLISHED, title=name, path=name),), mirrors=(replace(LATE, name=name),),
    )  # fmt: skip
    assert "script" not in {tag for tag, _ in shown(view).tags}
    assert text(view).count(name) >= 6


def test_a_name_in_another_charset_is_no_crash() -> None:
    row = replace(HELD, path="\udc8b\udc8b.md")
    assert b"??.md" in render(replace(VIEW, troubled_count=1, troubled=(row,)))


def test_its_size_has_a_bound() -> None:
    long = "長い話" * 5000
    worst = Problem("x", long, long, long, long)
    many = tuple(replace(worst, what=f"{number}{long}") for number in range(500))
    held = replace(HELD, path=long, problems=many)
    row = replace(PUBLISHED, title=long, path=long, problems=many)
    view = replace(
        VIEW,
        troubled_count=10**6,
        count=10**6,
        problems=many,
        troubled=(held,) * TROUBLED,
        latest=(row,) * LATEST,
    )
    assert len(render(view)) < 6_000_000
    usual = replace(
        VIEW, troubled_count=TROUBLED, count=10**6, troubled=(HELD,) * TROUBLED, latest=(PUBLISHED,) * LATEST
    )
    assert len(render(usual)) < 200_000


def test_a_sites_own_template() -> None:
    theme = Theme({"console/status.html": "{{ v.title }}: {{ v.waiting }}"}, "x")
    assert render(VIEW, theme) == "汐見市 災害情報: 0".encode()
    for broken in ("{% if %}", "{{ v.titel }}"):
        with pytest.raises(SettingsError) as caught:
            render(VIEW, Theme({"console/status.html": broken}, "x"))
        assert "themes/console/status.html" in caught.value.problem.where


# --- the preview ---

FILES = {
    "index.html": "ホーム", "404.html": "ない", "n/a.html": "お知らせ", "i/n/a.html": "従来",
    "t/x/index.html": "表",
    "t/x/x.csv": "a,b", "atom.xml": "<feed/>", ".hidden": "x", "n/.tmp.html": "x", "名前.txt": "x",
}  # fmt: skip


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "POLL", 0.01)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    site = tmp_path / "public"
    for path, words in FILES.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(words.encode("shift_jis" if path.startswith("i/") else "utf-8"))
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    (tmp_path / "public-secret").mkdir()
    (tmp_path / "public-secret/a.html").write_text("secret", encoding="utf-8")
    return site


@pytest.fixture
def running(folder: Path) -> Iterator[Preview]:
    server = serve(folder, 0, staff=lambda: render(VIEW))
    yield server
    server.close()


def ask(
    server: Preview, path: str, method: str = "GET", headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    line = http.client.HTTPConnection(server.url.removeprefix("http://").rstrip("/"), timeout=10)
    try:
        line.putrequest(method, path, skip_host="Host" in (headers or {}))
        for name, value in (headers or {}).items():
            line.putheader(name, value)
        line.endheaders()
        response = line.getresponse()
        return response, response.read()
    finally:
        line.close()


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("/", "text/html; charset=utf-8", "ホーム"),
        ("/index.html?x=1", "text/html; charset=utf-8", "ホーム"),
        ("/n/a.html", "text/html; charset=utf-8", "お知らせ"),
        ("/t/x/", "text/html; charset=utf-8", "表"),
        ("/t/x/x.csv", "text/csv; charset=utf-8", "a,b"),
        ("/atom.xml", "application/atom+xml; charset=utf-8", "<feed/>"),
        ("/%E5%90%8D%E5%89%8D.txt", "text/plain; charset=utf-8", "x"),
    ],
)
def test_files_have_their_type(running: Preview, path: str, kind: str, words: str) -> None:
    response, body = ask(running, path)
    assert (response.status, response.headers["Content-Type"], body.decode()) == (200, kind, words)


def test_legacy_pages_are_shift_jis(running: Preview) -> None:
    response, body = ask(running, "/i/n/a.html")
    assert response.headers["Content-Type"] == "text/html; charset=Shift_JIS"
    assert body.decode("shift_jis") == "従来"


def test_a_folder_without_its_slash_leads_to_it(running: Preview) -> None:
    response, _ = ask(running, "/t/x")
    assert (response.status, response.headers["Location"]) == (302, "/t/x/")
    response, _ = ask(running, "//t//x")
    assert response.headers["Location"] == "/t/x/"  # not an address of another host


@pytest.mark.parametrize(
    "path",
    ["/no.html", "/n/", "/.hidden", "/n/.tmp.html", "/../secret.txt", "/%2e%2e/secret.txt",
     "/n/..%2f..%2fsecret.txt", "/..%5csecret.txt", "/../public-secret/a.html", "/link.txt", "/a%00b",
     "/index.html/x", "/C:/x", "/" + "x" * 3000, "/_staff/x"],
)  # fmt: skip
def test_what_is_not_of_the_site_is_not_found(running: Preview, folder: Path, path: str) -> None:
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    response, body = ask(running, path)
    assert response.status == 404
    assert body.decode() == "ない"


def test_without_a_page_for_it(running: Preview, folder: Path) -> None:
    (folder / "404.html").unlink()
    response, body = ask(running, "/no.html")
    assert (response.status, response.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert body.decode() == "ページがありません"


def test_head_has_the_length_and_no_body(running: Preview) -> None:
    response, body = ask(running, "/n/a.html", "HEAD")
    assert (response.status, response.headers["Content-Length"], body) == (200, "12", b"")


def test_what_a_browser_has_is_not_sent_again(running: Preview, folder: Path) -> None:
    first, _ = ask(running, "/n/a.html")
    tag = first.headers["ETag"]
    for asked in (tag, f'W/"x", W/{tag}', "*"):
        response, body = ask(running, "/n/a.html", headers={"If-None-Match": asked})
        assert (response.status, body, response.headers["ETag"]) == (304, b"", tag)
    (folder / "n/a.html").write_text("お知らぜ", encoding="utf-8")  # the same length
    response, body = ask(running, "/n/a.html", headers={"If-None-Match": tag})
    assert (response.status, body.decode()) == (200, "お知らぜ")
    assert first.headers["Cache-Control"] == "no-cache"


def test_other_methods_are_refused(running: Preview) -> None:
    assert ask(running, "/", "POST")[0].status == 501


def test_an_address_that_is_none(running: Preview) -> None:
    assert ask(running, "http://[", headers={"Host": "x"})[0].status == 400
    assert ask(running, f"{running.url}n/a.html")[0].status == 200


def test_one_line_for_several_requests(running: Preview) -> None:
    line = http.client.HTTPConnection(running.url.removeprefix("http://").rstrip("/"), timeout=10)
    for path, status in (("/", 200), ("/t/x", 302), ("/no", 404), ("/n/a.html", 200)):
        line.request("GET", path)
        response = line.getresponse()
        response.read()
        assert response.status == status
    line.close()


def test_the_staff_page_is_live(folder: Path) -> None:
    views = iter([VIEW, replace(VIEW, title="次")])
    server = serve(folder, 0, staff=lambda: render(next(views)))
    try:
        first, second = ask(server, "/_staff"), ask(server, "/_staff")
    finally:
        server.close()
    assert first[0].headers["Content-Type"] == "text/html; charset=utf-8"
    assert first[0].headers["Cache-Control"] == "no-store"
    assert "汐見市 災害情報 ―" in first[1].decode() and "次 ―" in second[1].decode()


@pytest.mark.parametrize("host", ["evil.example", "", "[", "saigai.example.jp:80", "127.0.0.1.evil.example"])
def test_the_staff_page_is_for_this_machine(running: Preview, host: str) -> None:
    """A page of another site that makes its own name mean 127.0.0.1 cannot read it."""
    assert ask(running, "/_staff", headers={"Host": host})[0].status == 404


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_the_names_of_this_machine(running: Preview, host: str) -> None:
    assert ask(running, "/_staff", headers={"Host": host})[0].status == 200


def test_the_staff_page_before_there_is_one(folder: Path) -> None:
    server = serve(folder, 0, staff=(folder / "_状況.html").read_bytes)
    try:
        response, body = ask(server, "/_staff")
    finally:
        server.close()
    assert response.status == 503
    assert "もう一度" in body.decode()


def test_it_listens_on_loopback_only(running: Preview) -> None:
    assert running.url.startswith("http://127.0.0.1:")


def test_the_next_free_port(folder: Path) -> None:
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = serve(folder, port, notify=said.append)
        assert ask(server, "/")[0].status == 200
        server.close()
    got = int(server.url.rstrip("/").rpartition(":")[2])
    assert port < got <= port + preview.TRIES
    assert str(port) in said[0] and str(got) in said[0]


def test_a_port_can_be_had_again_at_once(folder: Path) -> None:
    server = serve(folder, 0)
    port = int(server.url.rstrip("/").rpartition(":")[2])
    ask(server, "/")
    server.close()
    again = serve(folder, port)
    again.close()
    assert again.url == server.url


def test_no_port_is_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "TRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match="使われています"):
            serve(folder, port)
    for bad in (-1, 65536, 99999):
        with pytest.raises(UsageError, match="65535"):
            serve(folder, bad)
    with pytest.raises(UsageError, match=r"192\.0\.2\.1"):
        serve(folder, 8000, host="192.0.2.1")


def test_no_name_service_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*arguments: object) -> str:
        raise AssertionError("the name service was asked")

    monkeypatch.setattr(socket, "getfqdn", down)
    monkeypatch.setattr(socket, "gethostbyaddr", down)
    serve(folder, 0).close()
