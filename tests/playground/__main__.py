"""Talk to the bot in Microsoft's own stand-in for Teams.

    python -m tests.playground [--drive] [--out PICTURE] [--person employee] [--port 56150]

Without `--drive` it stays up to be talked to by hand. With it, a browser does: from hello to the link of
the case page, each button pressed where Microsoft's client shows it, and takes a picture of the end.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.playground.house import PEOPLE, playing
from tests.web.conftest import CHROMIUM, FLAGS

ROOT = Path(__file__).parents[2]


def driven(url: str, out: Path) -> None:
    """As `drive`, in a browser of its own; a picture of where it got stuck, if it does."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        try:
            assert "/c/" in drive(page, url, out), "the link leads to the case page"
        except Exception:
            page.screenshot(path=out.with_suffix(".failed.png"), full_page=True)
            raise
        finally:
            chromium.close()


def drive(page: Page, url: str, out: Path) -> str:
    """From hello to the case page's address, as a person would; the address."""
    page.goto(url)
    write(page, "Hello, I got a new phone and cannot sign in")
    press(page, "New phone")
    press(page, "No, wiped or broken")
    link = page.get_by_role("link", name="Open my case page").or_(
        page.get_by_role("button", name="Open my case page")
    )
    expect(link.last).to_be_visible(timeout=30_000)
    page.wait_for_timeout(1000)
    page.screenshot(path=out, full_page=True)
    with page.expect_popup() as opened:
        link.last.click()
    return opened.value.url


def write(page: Page, text: str) -> None:
    box = page.get_by_role("textbox").last
    box.click()
    box.press_sequentially(text)
    box.press("Enter")


def press(page: Page, label: str) -> None:
    button = page.get_by_role("button", name=re.compile(f"^{re.escape(label)}")).last
    expect(button).to_be_visible(timeout=30_000)
    button.click()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drive", action="store_true")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "pictures" / "playground.png")
    parser.add_argument("--person", choices=sorted(PEOPLE), default="employee")
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="keyturn-playground-") as folder,
        playing(Path(folder), args.person, args.port) as (url, base),
    ):
        if args.drive:
            driven(url, args.out)
            print(f"From hello to the link of the case page; the picture is {args.out}")
        else:
            print(f"The Playground: {url}   the product: {base}   (Enter ends both)", flush=True)
            with contextlib.suppress(KeyboardInterrupt, EOFError):
                input()
    return 0


if __name__ == "__main__":
    sys.exit(main())
