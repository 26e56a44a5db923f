# SPDX-License-Identifier: MIT
"""Somebody who reads a live playlist all the time, as a player does."""

import threading
import time

import harness
import playlist


class Watcher(threading.Thread):
    """Reads a media playlist again and again and keeps what changed, with the time."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url = url
        self.seen = []  # (monotonic time, first number, last number)
        self.problems = []
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(0.2):
            try:
                answer = harness.fetch(self.url)
                found = playlist.read_media(answer.text())
            except (OSError, AssertionError) as error:
                self.problems.append(f"{type(error).__name__}: {error}")
                continue
            last = found.segments[-1].number if found.segments else None
            if not self.seen or self.seen[-1][2] != last:
                self.seen.append((time.monotonic(), found.media_sequence, last))

    def stop(self):
        self.done.set()
        self.join()
