"""`keyturn door`: what leads people to `/help` when they can sign in nowhere: a poster, a sticker for the
badge, and the lock screen.

Somebody who is locked out reads paper. So every piece says the address, the telephone and what nobody
ever asks for; the QR code holds the address and nothing else.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from bot.commands.manifest import save
from bot.errors import UnusableError

FORMATS = ("both", "svg", "pdf")


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "door", help="print the poster, badge sticker and lock screen that lead to /help"
    )
    parser.add_argument("--config", type=Path, default=Path("app.yaml"), help="settings, default app.yaml")
    parser.add_argument("--url", default="", help="public address; with it no settings are read")
    parser.add_argument("--phone", default="", help="the desk's telephone; with --url")
    parser.add_argument("--hours", default="", help="the desk's hours; with --url")
    parser.add_argument("--locale", action="append", default=[], help="language, repeatable; default all")
    parser.add_argument("--format", choices=FORMATS, default="both")
    parser.add_argument("--out", type=Path, default=Path("door"), help="folder; default door")
    return parser


def run(args: argparse.Namespace) -> int:
    """Write them. Raises UnusableError for settings, a language or a place that cannot be used."""
    from bot.commands import door_sheets

    house, offered = _house(args)
    unknown = [one for one in args.locale if one not in offered]
    if unknown:
        raise UnusableError("--locale", f"{unknown[0]!r} is not offered.", f"Choose: {', '.join(offered)}.")
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise UnusableError(
            str(args.out), f"cannot be made ({err.strerror}).", "Choose another --out."
        ) from None
    for locale in args.locale or offered:
        for name, data in door_sheets.files(house, locale, args.format).items():
            path = args.out / name
            save(path, data)
            sys.stdout.write(f"{path}\n")
    return 0


def _house(args: argparse.Namespace) -> tuple[Any, tuple[str, ...]]:
    from bot.commands.door_sheets import House
    from bot.flowfile.pack import pack_root
    from bot.service.word_files import WordFiles

    if args.url:
        if not args.phone:
            raise UnusableError("--phone", "is missing.", "Name the desk's telephone: paper is read offline.")
        from bot.commands.manifest import address

        locales = WordFiles.of_folder(pack_root() / "templates").locales
        return House(address(args.url), args.phone, args.hours), tuple(locales)
    from bot.derived import hours_text
    from bot.settings import load

    settings = load(args.config, os.environ)
    house = House(settings.public_url.rstrip("/"), settings.desk.phone, hours_text(settings))
    return house, tuple(settings.locales.offered)
