"""Draw the cards of every message with Microsoft's own renderer in headless Chromium.

    python -m tests.pictures.teams [--out FOLDER]

Needs npm (two packages, installed once into .venv/pictures) and Chromium. One picture for each kind of
element in light and dark, and one a group of messages for each language. Fails if the renderer holds
anything against a card.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from itertools import islice
from pathlib import Path
from shutil import copyfile
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.adapters.teams.drawing import groups
from tests.web.conftest import CHROMIUM, FLAGS

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PACKAGES = ROOT / ".venv" / "pictures" / "teams"
SCRIPTS = ("adaptivecards/dist/adaptivecards.min.js", "markdown-it/dist/markdown-it.min.js")
A_PICTURE = 14
"""Cards on one picture, so that they can be looked at."""


def packages() -> list[Path]:
    """The renderer's scripts, installed if they are not there."""
    found = [PACKAGES / "node_modules" / script for script in SCRIPTS]
    if not all(script.exists() for script in found):
        PACKAGES.mkdir(parents=True, exist_ok=True)
        copyfile(HERE / "package.json", PACKAGES / "package.json")
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
            cwd=PACKAGES, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return found


def card_of(name: str, one: dict[str, Any]) -> dict[str, Any]:
    """A line of text is shown as the card it would be."""
    if "card" in one:
        found: dict[str, Any] = one["card"]
        return found
    text = {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": one["text"]}]}
    return {"type": "AdaptiveCard", "version": "1.5", "fallbackText": name, "body": [text]}


def draw(
    page: Page, scripts: list[Path], cards: dict[str, dict[str, Any]], theme: str, out: Path
) -> list[str]:
    """One picture; what the renderer complained of."""
    page.set_content("<!doctype html><html><head></head><body></body></html>")
    for script in (*scripts, HERE / "draw.js"):
        page.add_script_tag(path=script)
    found = []
    for name, card in cards.items():
        said = page.evaluate("([name, card, theme]) => draw(name, card, theme)", [name, card, theme])
        found += [f"{name}: {one}" for one in said]
    page.screenshot(path=out, full_page=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "pictures" / "teams")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    scripts, found, made = packages(), [], 0
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = chromium.new_page(viewport={"width": 584, "height": 400}, device_scale_factor=1.5)
        # Nothing is fetched: whatever a card shows from our host is this picture.
        page.route("**/*", lambda route: route.fulfill(path=ROOT / "docs/pictures/demo.png"))
        for group, drawings in groups().items():
            for theme in ("light", "dark") if group == "kinds" else ("light",):
                left = iter({name: card_of(name, one) for name, one in drawings.items()}.items())
                number = 0
                while part := dict(islice(left, A_PICTURE)):
                    number += 1
                    found += draw(page, scripts, part, theme, out / f"{group}-{theme}-{number}.png")
                    made += 1
        chromium.close()
    print(f"{made} pictures in {out}")
    for one in sorted(set(found)):
        print(f"  {one}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
