"""Draw every golden render of Slack close to how Slack shows it, in headless Chromium.

    python -m tests.pictures.slack [--out FOLDER] [--only PART_OF_A_NAME]

Needs npm (packages are installed once into .venv/pictures) and Chromium. Pictures of each kind of element
and of forms in light and dark, and of all messages and homes in each language. Fails if Slack's own
TypeScript types hold anything against a render.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from itertools import islice
from pathlib import Path
from shutil import copyfile
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.adapters.slack.renders import goldens
from tests.web.conftest import CHROMIUM, FLAGS

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PACKAGES = ROOT / ".venv" / "pictures" / "slack"
STYLES = "node_modules/slack-blocks-to-jsx/dist/style.css"
A_PICTURE = 12
"""Messages on one picture, so that they can be looked at."""
IMAGE = ROOT / "docs" / "pictures" / "demo.png"
"""Stands for any image; nothing is fetched."""


def install() -> None:
    """The renderer and Slack's types, if they are not there."""
    wanted, had = HERE / "package.json", PACKAGES / "package.json"
    if not had.exists() or had.read_bytes() != wanted.read_bytes() or not (PACKAGES / STYLES).exists():
        PACKAGES.mkdir(parents=True, exist_ok=True)
        copyfile(wanted, had)
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
            cwd=PACKAGES, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    copyfile(HERE / "draw.mjs", PACKAGES / "draw.mjs")


def drawn(renders: dict[str, Any], theme: str) -> dict[str, str]:
    """The blocks of each as HTML."""
    told = json.dumps({name: one["blocks"] for name, one in renders.items()})
    done = subprocess.run(
        ["node", "draw.mjs", theme], cwd=PACKAGES, input=told, check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def complaints(renders: dict[str, Any]) -> str:
    """What TypeScript says of them as Slack's types: wrong nesting, unknown properties."""
    lines = ['import type { HomeView, KnownBlock, ModalView } from "@slack/types";']
    kinds = {"modal": "ModalView", "home": "HomeView"}
    for number, (name, one) in enumerate(renders.items()):
        kind = kinds.get(one.get("type", ""), "KnownBlock[]")
        value = one if kind in kinds.values() else one["blocks"]
        lines.append(f"export const v{number}: {kind} = {json.dumps(value)}; // {name}")
    (PACKAGES / "renders.ts").write_text("\n".join(lines), encoding="utf-8")
    tsc = ["npx", "tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "renders.ts"]
    return subprocess.run(tsc, cwd=PACKAGES, check=False, stdout=subprocess.PIPE, text=True).stdout


def framed(name: str, one: dict[str, Any], html: str) -> str:
    """The blocks where Slack would show them."""
    what = f'<div class="case"><p>{escape(name)}</p>'
    match one.get("type"):
        case "modal":
            submit = f"<span>{escape(one['submit']['text'])}</span>" if "submit" in one else ""
            title = escape(one["title"]["text"])
            inner = (
                f'<h1>{title}</h1><div class="body">{html}</div><footer><span>Cancel</span>{submit}</footer>'
            )
            return f'{what}<div class="modal">{inner}</div></div>'
        case "home":
            return f'{what}<div class="home"><h1>Keyturn</h1><div class="body">{html}</div></div></div>'
        case _:
            who = '<b class="who">Keyturn<span>APP</span></b>'
            return f'{what}<div class="message"><i>K</i><div class="body">{who}{html}</div></div></div>'


def picture(page: Page, cases: str, theme: str, out: Path) -> None:
    styles = "".join(path.read_text(encoding="utf-8") for path in (PACKAGES / STYLES, HERE / "frame.css"))
    head = f'<head><meta charset="utf-8"><style>{styles}</style></head>'
    page.set_content(f'<!doctype html><html>{head}<body data-theme="{theme}">{cases}</body></html>')
    page.screenshot(path=out, full_page=True)


def parts(renders: dict[str, Any]) -> Iterator[dict[str, Any]]:
    left = iter(renders.items())
    while part := dict(islice(left, A_PICTURE)):
        yield part


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "pictures" / "slack")
    parser.add_argument("--only", default="", help="part of the names to draw")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    install()
    made, found = 0, ""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = chromium.new_page(viewport={"width": 752, "height": 400}, device_scale_factor=1.5)
        page.route("**/*", lambda route: route.fulfill(path=IMAGE))
        for group, every in goldens().items():
            renders = {name: one for name, one in every.items() if asked.only in name}
            found += complaints(renders)
            for theme in ("light", "dark") if group == "kinds" else ("light",):
                html = drawn(renders, theme)
                for number, part in enumerate(parts(renders), 1):
                    cases = "".join(framed(name, one, html[name]) for name, one in part.items())
                    picture(page, cases, theme, asked.out / f"{group}-{theme}-{number}.png")
                    made += 1
        chromium.close()
    print(f"{made} pictures in {asked.out}")
    print(found, end="", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
