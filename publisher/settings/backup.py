"""``[backup]``: where the state is kept, with which key, how often, and who takes over."""

from __future__ import annotations

from pathlib import Path

from publisher.settings.channels import target
from publisher.settings.section import Section, keys
from publisher.settings.values import BackupSettings, MirrorSettings, Paths

_NUMBERS = {"every": (1, 1440), "keep": (2, 1000), "takeover": (5, 3600)}


def backup(section: Section, directory: Path, paths: Paths, mirrors: tuple[MirrorSettings, ...]) -> BackupSettings | None:
    """None where the section is not there."""
    if not section.data:
        return None
    section.check_keys(BackupSettings)
    declared = keys(BackupSettings)
    numbers = {name: _number(section, name, declared[name].default, *bounds) for name, bounds in _NUMBERS.items()}
    made = BackupSettings(
        url=target(section, directory),
        endpoint=section.address("endpoint"),
        region=section.text("region").strip(),
        key_env=section.secret_name("key_env"),
        secret_env=section.secret_name("secret_env"),
        proxy=section.address("proxy", ("http",)),
        key_file=section.folder("key_file", section.text("key_file").strip() or "backup.key", directory),
        lease=section.flag("lease", False),
        **numbers,
    )
    for key, other in (("key_env", "secret_env"), ("secret_env", "key_env")):
        if getattr(made, key) and not getattr(made, other):
            raise section.bad(key, f"があるのに「{other}」がありません。", "両方を書くか、両方を消してください。")
    _refuse(section, made, paths, mirrors)
    return made


def _refuse(section: Section, made: BackupSettings, paths: Paths, mirrors: tuple[MirrorSettings, ...]) -> None:
    """Neither the backup nor its key where the public can read it; the key not in what it opens."""
    if any(made.url.rstrip("/") == mirror.url.rstrip("/") and made.endpoint == mirror.endpoint for mirror in mirrors):
        raise section.bad(
            "url", "が、公開先（[[mirrors]]）と同じです。公開先には、だれでも読めるものを置きます。", "公開しない、別のバケットかフォルダーにしてください。"
        )
    for key, place in (("url", made.folder), ("key_file", made.key_file)):
        if place is None:
            continue
        for folder in (paths.content, paths.output, *(m.folder for m in mirrors if m.folder is not None)):
            if folder == place or folder in place.parents or (key == "url" and place in folder.parents):
                raise section.bad(key, "が、投入フォルダーか公開用のフォルダーと重なっています。", "別の場所にしてください。")
    if made.folder is not None and (made.folder == paths.state or made.folder in paths.state.parents or paths.state in made.folder.parents):
        raise section.bad("url", "が、記録のフォルダー（state）と重なっています。", "別のディスクか、別の機械の共有フォルダーにしてください。")


def _number(section: Section, key: str, default: int, low: int, high: int) -> int:
    value = section.data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise section.shape(key, f"{low}から{high}までの、引用符なしの数字")
    return value
