# SPDX-License-Identifier: MIT
"""The command of the README's first screen."""

import os
import signal
import unittest
from urllib.parse import urljoin

import harness
import playlist


class ExamplesRun(unittest.TestCase):
    def tearDown(self):
        harness.stop_all()

    def test_run(self):
        """examples/run.sh starts a live channel and its page plays"""
        folder = harness.scratch("examples")
        port = harness.free_port()
        process = harness.Process(
            [harness.ROOT / "examples/run.sh", "--port", port], folder / "run.log", cwd=folder
        )
        base = f"http://127.0.0.1:{port}"

        def page():
            if not process.alive():
                raise harness.Failed(process.tail())
            try:
                return harness.fetch(f"{base}/").status == 200
            except OSError:
                return False

        harness.wait_until(page, 120, f"the page is served\n{process.tail()}")
        self.assertIn(b"<video", harness.fetch(f"{base}/").body)
        for name in ("player.js", "hls.min.js"):
            self.assertEqual(harness.fetch(f"{base}/{name}").status, 200, name)

        # A client that comes earlier finds less than a target duration and has to wait once for
        # the next segment (docs/gotchas.md, "A viewer who comes first").
        def playable():
            answer = harness.fetch(f"{base}/live/hls/index.m3u8")
            if answer.status != 200:
                return False
            variant = playlist.read_multivariant(answer.text())[0]
            media = harness.fetch(urljoin(f"{base}/live/hls/index.m3u8", variant.uri))
            return len(playlist.read_media(media.text()).segments) >= 3

        harness.wait_until(playable, 30, f"the live playlist\n{process.tail()}")
        report = harness.Browser(
            f"{base}/live/hls/index.m3u8", folder, seconds=10, screenshot=folder / "live.png"
        ).report(60)
        self.assertEqual(report["problems"], [])
        # Ctrl-C goes to the whole foreground group.
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(15), 0, process.tail())
