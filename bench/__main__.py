"""Everything that docs/performance.md states, measured in one run and printed as its table.

    python -m bench [--turns 1500] [--few]

`--few` leaves out the million stored cases, which take minutes and a gigabyte of disk. Ratios are
what counts: bare and ours meet the same disk in the same minute. Keep the machine quiet meanwhile.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3

from bench import flow_check, slack, starting, teams, turns

Row = tuple[str, str, str]


def table(title: str, rows: list[Row]) -> str:
    lines = [f"| {title} | measured | wanted |", "| --- | ---: | ---: |"]
    return "\n".join([*lines, *(f"| {what} | {measured} | {wanted} |" for what, measured, wanted in rows)])


def machine() -> str:
    """What the figures were taken on."""
    load, python = os.getloadavg()[0], platform.python_version()
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {python}, "
        f"SQLite {sqlite3.sqlite_version}; load at the beginning {load:.1f}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--turns", type=int, default=1500)
    parser.add_argument("--few", action="store_true", help="without the million stored cases")
    args = parser.parse_args()
    print(machine(), end="\n\n", flush=True)
    print(table("start and size", starting.run()), end="\n\n", flush=True)
    print(table("flows", flow_check.run()), end="\n\n", flush=True)
    print(table("turns", turns.run(args.turns, many=not args.few)), end="\n\n", flush=True)
    print(table("Slack", slack.run(3000, 10.0)), end="\n\n", flush=True)
    print(table("Teams", teams.run(960, 10.0)), flush=True)


if __name__ == "__main__":
    main()
