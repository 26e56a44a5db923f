# SPDX-License-Identifier: MIT
"""What parsers that are not ours read in our playlists."""

import os
import subprocess
import unittest

import harness


class Playlists(unittest.TestCase):
    def test_parsers(self):
        """hls-parser and hls.js read playlists of all kinds as they are meant"""
        folder = harness.scratch("playlists")
        subprocess.run([harness.BUILD / "tests/emit_playlists", folder], check=True, timeout=60)
        read = subprocess.run(
            ["node", harness.ROOT / "tests/browser/parse.mjs", folder],
            env=dict(os.environ, WEIR_NPM=str(harness.BUILD / "npm" / "browser")),
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        self.assertEqual(read.returncode, 0, read.stderr[-4000:])
        self.assertGreater(int(read.stdout.split()[0]), 100)
