#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The Python module: a channel from start to VOD, served; errors with a code."""
import gc
import unittest
import urllib.request
import weakref

import weir

CHANNEL = {
    "name": "py",
    "inputs": [{"type": "test_pattern", "width": 320, "height": 180, "clock": False}],
    "ladder": {
        "video": [{"name": "low", "width": 160, "height": 90, "bitrate_bps": 150000}],
        "audio": [{"name": "aac"}],
        "gop": 0.5,
        "preset": "ultrafast",
    },
    "outputs": [{"type": "hls_ts", "playlist_type": "event", "segment_duration": 1.0, "window": 4.0}],
}


def wait_for(channel, name):
    while True:
        event = channel.next_event(timeout=30)
        assert event is not None, f"no {name} came"
        if event["event"] == name:
            return event


class WeirTest(unittest.TestCase):
    def test_a_channel_is_served_and_finished(self):
        origin = weir.Origin({"port": 0})
        channel = weir.Channel(CHANNEL)
        self.assertEqual(channel.state, "idle")
        origin.mount("/py", channel)
        channel.start()
        wait_for(channel, "segment_published")
        url = f"http://127.0.0.1:{origin.port}/py/hls/"
        with urllib.request.urlopen(url + "index.m3u8") as answer:
            self.assertIn(b"low.m3u8", answer.read())
        channel.finish()
        wait_for(channel, "programme_finished")
        with urllib.request.urlopen(url + "low.m3u8") as answer:
            self.assertTrue(answer.read().endswith(b"#EXT-X-ENDLIST\n"))
        origin.stop()

    def test_an_error_has_a_code_and_names_the_field(self):
        with self.assertRaises(weir.Error) as caught:
            weir.Channel({**CHANNEL, "outputs": []})
        self.assertEqual(caught.exception.code, "invalid_argument")
        self.assertIn("outputs", str(caught.exception))
        missing = {**CHANNEL, "inputs": [{"type": "file", "path": "no-such-file.mp4"}]}
        with self.assertRaises(weir.Error) as caught:
            weir.Channel(missing).start()
        self.assertEqual(caught.exception.code, "not_found")

    def test_a_channel_goes_with_its_last_reference(self):
        channel = weir.Channel(CHANNEL)
        channel.start()
        gone = weakref.ref(channel)
        del channel
        gc.collect()
        self.assertIsNone(gone())


if __name__ == "__main__":
    unittest.main()
