#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reads the #include lines and fails on an arrow against the order of the layers.

A folder of src/ includes from itself or from one further left; folders in braces not from each
other. A public header includes only public and standard headers; weir/gst.hpp may show GStreamer.
"""

import re
import sys
from pathlib import Path

# Folders with the same number are in one pair of braces.
LAYERS = {
    "base": 0,
    "net": 1,
    "media": 2,
    "hls": 3, "dash": 3, "store": 3, "drm": 3,
    "ingest": 4, "playout": 4, "encode": 4, "segment": 4,
    "origin": 5,
    "ads": 6,
    "job": 7,
    "channel": 8,
}  # fmt: skip
SOURCES = {".cpp", ".hpp", ".h"}
# "net/" or <net/: GLib, GStreamer and Boost names never begin with one of our folders.
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
STANDARD = re.compile(r"^[a-z_0-9]+$")


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def check_sources(root):
    problems = []
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in SOURCES:
            continue
        relative = path.relative_to(root)
        layer = relative.parts[1]
        if layer not in LAYERS:
            problems.append(f"{relative}: {layer} is no layer, see tests/check_layers.py")
            continue
        for number, quote, name in includes(path):
            where = f"{relative}:{number}"
            if quote == "<":
                continue
            if "/" not in name:
                problems.append(f'{where}: write "{layer}/{name}", with its folder')
                continue
            other = name.split("/")[0]
            if other not in LAYERS:
                problems.append(f"{where}: {name} is in no layer")
            elif other != layer and LAYERS[other] >= LAYERS[layer]:
                problems.append(f"{where}: {layer} must not include from {other} ({name})")
    return problems


def check_public(root):
    problems = []
    for path in sorted((root / "include").rglob("*.hpp")):
        relative = path.relative_to(root)
        for number, quote, name in includes(path):
            if quote == "<" and (name.startswith("weir/") or STANDARD.match(name)):
                continue
            if path.name == "gst.hpp" and quote == "<" and name.startswith("gst/"):
                continue
            problems.append(
                f"{relative}:{number}: a public header includes only <weir/...> and standard "
                f"headers, not {name}"
            )
        if path.name == "weir.hpp" and any(n == "weir/gst.hpp" for _, _, n in includes(path)):
            problems.append(f"{relative}: weir/gst.hpp is opt-in")
    return problems


def check_examples(root):
    """Examples are hosts: they see what is installed."""
    problems = []
    for path in sorted((root / "examples").rglob("*")):
        if path.suffix in SOURCES:
            for number, quote, name in includes(path):
                if quote == '"':
                    relative = path.relative_to(root)
                    problems.append(f"{relative}:{number}: {name} is not public")
    return problems


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    problems = check_sources(root) + check_public(root) + check_examples(root)
    print("\n".join(problems) or "the layers are in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
