"""Notices that every generator can read: front matter with a title and an ISO date, headings, lists, tables, links."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

CATEGORIES = ("water", "shelter", "road", "clinic", "waste", "school", "power", "bus", "relief", "volunteer", "tsunami", "support")
TOWNS = ("本町", "旭町", "港町", "桜台", "宮前", "川端", "南町", "小浜", "青葉", "東町")
PLACES = ("小学校", "中学校", "体育館", "公民館", "地区センター", "保育所", "公園")
START = datetime(2011, 3, 11, 14, 46)  # noqa: DTZ001 - written with its offset


def notices(folder: Path, count: int, seed: int = 1) -> list[Path]:
    """So many notices in twelve folders, one every few minutes; the same for the same seed."""
    chance = random.Random(seed)
    files = []
    for number in range(count):
        file = folder / CATEGORIES[number % len(CATEGORIES)] / f"{number:06d}.md"
        if number < len(CATEGORIES):
            file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(notice(number, chance), encoding="utf-8")
        files.append(file)
    return files


def notice(number: int, chance: random.Random) -> str:
    """About 1,200 bytes, as a town writes them."""
    moment = START + timedelta(minutes=5 * number)
    town = chance.choice(TOWNS)
    lines = "\n".join(f"- {chance.choice(TOWNS)}{chance.choice(PLACES)} {chance.randint(8, 11)}時から{chance.randint(15, 18)}時まで" for _ in range(5))
    rows = "\n".join(f"| {chance.choice(TOWNS)} | {chance.randint(1, 99)}世帯 | {chance.choice(('開設', '準備中', '終了'))} |" for _ in range(4))
    return (
        f"---\ntitle: {town}地区のお知らせ（第{number}報）\ndate: {moment:%Y-%m-%dT%H:%M:%S}+09:00\n---\n\n"
        f"{town}地区の状況をお知らせします。**変更があります**ので、ご注意ください。\n\n## 場所と時間\n\n{lines}\n\n"
        f"## 状況\n\n| 地区 | 世帯 | 状態 |\n|---|---|---|\n{rows}\n\n"
        f"1. 容器をお持ちください。\n2. 車での来場はご遠慮ください。\n\n問い合わせ：災害対策本部 0000-00-2111（[市のページ](https://www.example.jp/)）\n"
    )
