#!/usr/bin/env python3
"""A table of the line and branch coverage of each folder, from gcovr's JSON summary on standard input; exit code 1 where
a folder is below what is asked of it.
Usage: gcovr ... --json-summary - | coverage_table.py FOLDER:LINES:BRANCHES ...   (percentages)"""
import collections
import json
import os
import sys

KINDS = ("line", "branch")


def percent(counts, kind):
    covered, total = counts[kind]
    return 100.0 * covered / total if total else 100.0


def main():
    asked = {folder: tuple(map(float, least)) for folder, *least in (text.split(":") for text in sys.argv[1:])}
    folders = collections.defaultdict(lambda: {kind: [0, 0] for kind in KINDS})
    for file in json.load(sys.stdin)["files"]:
        for kind in KINDS:
            counts = folders[os.path.dirname(file["filename"])][kind]
            counts[0] += file[f"{kind}_covered"]
            counts[1] += file[f"{kind}_total"]
    below = [folder for folder in asked if folder not in folders]
    print(f"{'folder':12} {'lines':>16} {'branches':>18}")
    for folder, counts in sorted(folders.items()):
        cells = [f"{percent(counts, kind):5.1f} % of {counts[kind][1]:5}" for kind in KINDS]
        least = asked.get(folder, (0.0, 0.0))
        if any(percent(counts, kind) < bound for kind, bound in zip(KINDS, least)):
            below.append(folder)
            cells.append(f"below {least[0]:g} and {least[1]:g} %")
        print(f"{folder:12} {'   '.join(cells)}")
    return 1 if below else 0


sys.exit(main())
