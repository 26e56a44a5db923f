#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time from Channel::start() to the first playable playlist: at least one second of media listed in
every rendition, with the segments there to be fetched, as an HTTP client of weir-run sees it. The
starts lie anywhere in a segment of the grid, as a host's do. See docs/benchmarks.md.
"""

import argparse
import calendar
import http.client
import json
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from clip import make_clip

ROOT = Path(__file__).resolve().parents[2]
SEGMENT_SECONDS = 2.0
PLAYABLE_SECONDS = 1.0
LIMIT_SECONDS = 4.0  # of the median
POLL_SECONDS = 0.01
PATIENCE_SECONDS = 30.0


def config(source, ladder):
    return {"origin": {"address": "127.0.0.1", "port": 0},
            "channels": [{"name": "bench", "inputs": [source], "ladder": ladder,
                          "outputs": [{"type": "hls_ts", "segment_duration": SEGMENT_SECONDS}]}]}


def seconds_since_epoch(text):
    whole, fraction = text.rstrip("Z").split(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + fraction)


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)

    def get(self, path):
        """The body, or None when it is not there (yet)."""
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        body = answer.read()
        return body if answer.status == 200 else None


def media_listed(client, playlist):
    """(seconds listed, path of the last segment) in a media playlist."""
    text = client.get(playlist)
    if text is None:
        return 0.0, None
    lines = text.decode().splitlines()
    listed = sum(float(line[8:].split(",")[0]) for line in lines if line.startswith("#EXTINF:"))
    uris = [line for line in lines if line and not line.startswith("#")]
    return listed, uris[-1] if uris else None


def is_playable(client):
    """All renditions list a second, and the newest segment of each can be fetched."""
    index = client.get("/bench/hls/index.m3u8")
    if index is None:
        return None
    renditions = [line for line in index.decode().splitlines() if line and line[0] != "#"]
    listed = [media_listed(client, f"/bench/hls/{name}") for name in renditions]
    if not listed or min(seconds for seconds, _ in listed) < PLAYABLE_SECONDS:
        return None
    for _, uri in listed:
        segment = client.get("/bench/" + uri.removeprefix("../"))
        if not segment or segment[0] != 0x47:  # the transport stream's sync byte
            sys.exit(f"{uri} is listed but cannot be fetched")
    return min(seconds for seconds, _ in listed)


def one_start(weir_run, path):
    """(seconds from start() to playable, seconds listed then, phase of start() in the grid)."""
    process = subprocess.Popen([weir_run, path], stdout=subprocess.PIPE, text=True)
    try:
        started = None
        port = None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "listening":
                port = event["port"]
            if event["event"] == "state_changed" and event["state"] == "starting":
                started = seconds_since_epoch(event["time"])
                break
        if started is None:
            sys.exit("weir-run ended without starting")
        client = Client(port)
        while time.time() - started < PATIENCE_SECONDS:
            listed = is_playable(client)
            if listed:
                return time.time() - started, listed, started % SEGMENT_SECONDS
            time.sleep(POLL_SECONDS)
        sys.exit(f"not playable after {PATIENCE_SECONDS} s")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="meson's build folder")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--ladder", default="hd720", help="a preset: hd1080, hd720 or sd")
    parser.add_argument("--file", action="store_true",
                        help="from a looping file of 1080p instead of the test pattern")
    options = parser.parse_args()

    weir_run = options.build / "examples/weir-run"
    subprocess.run(["ninja", "-C", options.build, "examples/weir-run"], check=True,
                   stdout=subprocess.DEVNULL)
    source = {"type": "test_pattern"}
    if options.file:
        clip = options.build / "bench" / "clip5.mp4"
        make_clip(clip, 5)
        source = {"type": "file", "path": str(clip), "loop": True}
    print(f"from start() to {PLAYABLE_SECONDS} s in every rendition of {options.ladder}, "
          f"{SEGMENT_SECONDS} s segments, input: {source['type']}\n")
    print(f"{'run':>4}{'started at':>12}{'playable':>10}{'with':>8}   (seconds)")
    times = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        path.write_text(json.dumps(config(source, options.ladder)))
        for run in range(options.runs):
            time.sleep(random.uniform(0, SEGMENT_SECONDS))  # any phase of the grid
            taken, listed, phase = one_start(weir_run, path)
            times.append(taken)
            print(f"{run + 1:4}{phase:12.2f}{taken:10.2f}{listed:8.2f}", flush=True)
    median = statistics.median(times)
    print(f"\nmedian {median:.2f} s (lowest {min(times):.2f}, highest {max(times):.2f}); "
          f"it has to be below {LIMIT_SECONDS:.0f} s")
    return 0 if median < LIMIT_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
