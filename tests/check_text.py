#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fails on what no committed text of this project may have: paths of one machine, tabs, blanks at
the end of a line, a source without its SPDX line, a shell script that bash cannot read."""

import re
import subprocess
import sys
from pathlib import Path

SOURCES = {".cpp", ".hpp", ".h", ".py", ".sh", ".js", ".mjs"}
TEXTS = SOURCES | {".md", ".in", ".build", ".txt", ".wrap", ".json", ".html", ".css", ".supp", ""}
SHELL = re.compile(r"^#!.*\bbash\b")
# A folder that exists on one machine only. mktemp and the tempfile module give temporary ones.
MACHINE_PATH = re.compile(r"(?<![\w.\-/)}*~])/(?:work|home|root|tmp|Users|mnt)/[\w.]")
SKIPPED = {"LICENSE"}


def committed(root):
    """What git tracks, and what it would: the check is for before the commit too."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
    )
    if listed.returncode != 0:  # a source archive
        built = lambda path: any(p.startswith(("build", ".git")) for p in path.relative_to(root).parts)
        return [path for path in root.rglob("*") if path.is_file() and not built(path)]
    names = listed.stdout.decode().split("\0")
    return [root / name for name in names if name and (root / name).is_file()]


def check(path, name):
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []  # a picture or a fuzz seed
    problems = []
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            problems.append(f"{name}:{number}: a tab")
        if line != line.rstrip():
            problems.append(f"{name}:{number}: blanks at the end of the line")
        if MACHINE_PATH.search(line):
            problems.append(f"{name}:{number}: a path of one machine: {line.strip()}")
    if text and not text.endswith("\n"):
        problems.append(f"{name}: no line break at the end")
    if path.suffix in SOURCES and "SPDX-License-Identifier: MIT" not in "\n".join(lines[:4]):
        problems.append(f"{name}: no SPDX-License-Identifier line at the top")
    if lines and SHELL.match(lines[0]):
        parsed = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True)
        if parsed.returncode != 0:
            problems.append(f"{name}: {parsed.stderr.strip()}")
    return problems


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    problems = []
    files = 0
    for path in sorted(committed(root)):
        name = path.relative_to(root)
        generated = {"golden", "seeds", "corpus"} & set(name.parts)
        if path.suffix in TEXTS and not generated and path.name not in SKIPPED:
            problems += check(path, name)
            files += 1
    print("\n".join(problems) or f"{files} files are in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
