#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs the end-to-end tests one after the other, with a line for each.

Classes that say `quiet = True` wait most of their time and measure no stall: they run beside each
other, each in a process of its own, when the others are done.

usage: run.py [--build FOLDER] [--summary FILE] [PART OF A NAME]...
"""

import argparse
import os
import subprocess
import sys
import time
import traceback
import unittest
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here))


class Result(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()
        self.passed = getattr(self, "passed", 0)

    def line(self, word, test):
        seconds = time.monotonic() - getattr(self, "begin", time.monotonic())
        if isinstance(test, unittest.TestCase):
            test = f"{type(getattr(test, 'test_case', test)).__name__}: {test.shortDescription()}"
        print(f"    {word:<6} {test} ({seconds:.1f} s)", flush=True)

    def addSuccess(self, test):
        self.passed += 1
        self.line("ok", test)

    def failed(self, test, error):
        self.line("FAILED", test)
        text = "".join(traceback.format_exception(*error))
        print("\n".join("           " + line for line in text.splitlines()[-40:]), flush=True)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.failed(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self.failed(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.failed(subtest, error)


def tests_of(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from tests_of(item)
        else:
            yield item


def run(wanted):
    """(passed, failed)"""
    import harness

    result = Result()
    result.passed = 0
    try:
        unittest.TestSuite(wanted).run(result)
    finally:
        harness.stop_all()
    # A class that could not be set up is one error, and all its tests count as failed.
    bad = {str(test) for test, _ in result.failures + result.errors}
    broken = len(wanted) - result.testsRun
    if broken:
        print(f"    {broken} tests did not run")
    return result.passed, max(len(wanted) - result.passed, len(bad))


def run_beside(classes):
    """Each class in a process of its own: (passed, failed) of all."""
    import harness

    children = {}
    for name, tests in classes.items():
        summary = harness.SCRATCH / f"{name}.summary"
        summary.unlink(missing_ok=True)
        command = [sys.executable, __file__, "--summary", summary, "--exactly", *(test.id() for test in tests)]
        children[name] = (summary, subprocess.Popen([str(part) for part in command]))
    passed = failed = 0
    for name, (summary, child) in children.items():
        child.wait()
        try:
            counts = [int(word) for word in summary.read_text().split()]
        except (OSError, ValueError):
            counts = [0, len(classes[name])]
            print(f"    {name}: the runner itself failed")
        passed += counts[0]
        failed += counts[1]
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build")
    parser.add_argument("--summary")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--exactly", action="store_true", help="names are whole, and all run in this process")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.build:
        os.environ["WEIR_BUILD"] = os.path.abspath(options.build)

    import harness  # reads WEIR_BUILD

    harness.SCRATCH.mkdir(parents=True, exist_ok=True)
    found = list(tests_of(unittest.defaultTestLoader.discover(str(here), pattern="test_*.py")))
    if options.exactly:
        wanted = [test for test in found if test.id() in options.names]
    else:
        wanted = [test for test in found if not options.names or any(name in test.id() for name in options.names)]
    if options.list:
        print("\n".join(f"{test.id()}: {test.shortDescription()}" for test in wanted))
        return 0
    beside = {}
    if not options.exactly:
        for test in wanted:
            if getattr(test, "quiet", False):
                beside.setdefault(type(test).__name__, []).append(test)
    passed, failed = run([test for test in wanted if type(test).__name__ not in beside])
    if beside:
        more = run_beside(beside)
        passed, failed = passed + more[0], failed + more[1]
    if not wanted:
        failed = 1
    if not options.exactly:
        print(f"    {passed} passed, {failed} failed", flush=True)
    if options.summary:
        Path(options.summary).write_text(f"{passed} {failed}\n")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
