#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints "PASSED FAILED" from meson's testlog.json, and the names of what failed on stderr."""

import json
import sys


def main():
    passed = failed = 0
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            if test["result"] in ("OK", "EXPECTEDFAIL"):
                passed += 1
            elif test["result"] != "SKIP":
                failed += 1
                print(f"          {test['result']}: {test['name']}", file=sys.stderr)
                text = test.get("stdout", "") + test.get("stderr", "")
                print("\n".join(text.splitlines()[-25:]), file=sys.stderr)
    print(passed, failed)


if __name__ == "__main__":
    main()
