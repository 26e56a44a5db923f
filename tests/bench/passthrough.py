#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One RTMP stream into HLS without decoding, by weir and by `ffmpeg -c copy`, in turns: CPU per second
of stream, after the start, and memory. See docs/benchmarks.md.

First as servers, to which ffmpeg publishes in real time (`ffmpeg -listen 1`); then as clients of
nginx; then from an FLV file as fast as it goes, where the transport is not in it. Each side leaves segments of two seconds or more in a folder.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "e2e"))

from clip import make_clip  # noqa: E402
from harness import RtmpServer, Process, free_port, stop_all  # noqa: E402

SEGMENT_SECONDS = 2
START_SECONDS = 4  # connecting, probing, the first segment


def cpu_seconds(pid):
    """What all threads have used, to the nanosecond; no thread of either side ends while we look."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def peak_mb(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0


def publish(clip, url, log):
    return Process(["ffmpeg", "-nostdin", "-v", "warning", "-re", "-stream_loop", "-1", "-i", clip,
                    "-c", "copy", "-f", "flv", url], log)


def measure(command, folder, seconds, begin_source=None):
    """(CPU seconds per second, MB, pictures)."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    process = Process([str(word) for word in command], folder.parent / f"{folder.name}.log")
    if begin_source:
        time.sleep(1)
        publisher = begin_source()
    time.sleep(START_SECONDS)
    begin, before = time.monotonic(), cpu_seconds(process.pid)
    time.sleep(seconds)
    used, elapsed = cpu_seconds(process.pid) - before, time.monotonic() - begin
    memory = peak_mb(process.pid)
    process.signal(2)
    process.wait(20)
    if begin_source:
        publisher.kill()
    return used / elapsed, memory, pictures(folder)


def measure_file(command, folder):
    """CPU seconds of the command, which has to succeed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"failed: {command}")
    return usage.ru_utime + usage.ru_stime


def pictures(folder):
    files = sorted(folder.rglob("*.ts"))
    if not files:
        sys.exit(f"no segments in {folder}")
    count = 0
    for file in files:
        told = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-select_streams", "v",
                               "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", file],
                              capture_output=True, text=True, check=True)
        if told.stderr:
            sys.exit(f"{file}: {told.stderr}")
        count += int(told.stdout.split()[0].strip(","))
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="meson's build folder")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--file-turns", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=15, help="of each measurement")
    parser.add_argument("--kbps", type=int, default=6000, help="of the video")
    options = parser.parse_args()

    subprocess.run(["ninja", "-C", options.build, "tests/bench/passthrough_weir"], check=True,
                   stdout=subprocess.DEVNULL)
    place = options.build / "bench"
    source = place / "clip20.mp4"
    make_clip(source, 20)
    clip = place / f"pass{options.kbps}.flv"
    if not clip.exists():
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, "-c:v", "libx264", "-preset",
                        "veryfast", "-b:v", f"{options.kbps}k", "-maxrate", f"{options.kbps}k",
                        "-bufsize", f"{options.kbps}k", "-g", "60", "-bf", "2", "-c:a", "aac",
                        "-b:a", "128k", clip], check=True, stdin=subprocess.DEVNULL)
    work = place / "passthrough"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    folders = {name: work / name for name in ("weir", "ffmpeg")}
    if options.turns > 0:
        compare_servers(options, clip, folders)
        nginx = RtmpServer(work)
        publisher = publish(clip, nginx.url, work / "publisher.log")
        time.sleep(1)
        compare_clients(options, nginx.url, publisher, folders)
    long = place / f"pass{options.kbps}x15.flv"
    if not long.exists():
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-stream_loop", "14", "-i", clip, "-c", "copy",
                        long], check=True, stdin=subprocess.DEVNULL)
    compare_file(options, long, folders)
    return 0


def commands(options, source, folders, ffmpeg_options=()):
    return {
        "weir": [options.build / "tests/bench/passthrough_weir", source, folders["weir"]],
        "ffmpeg": ["ffmpeg", "-nostdin", "-v", "error", *ffmpeg_options, "-i", source, "-c", "copy", "-f", "hls",
                   "-hls_time", SEGMENT_SECONDS, "-hls_playlist_type", "event",
                   "-hls_segment_filename", folders["ffmpeg"] / "%d.ts",
                   folders["ffmpeg"] / "index.m3u8"]}


def in_turns(turns):
    """Which side comes first alternates."""
    for turn in range(turns):
        yield turn, (("weir", "ffmpeg") if turn % 2 == 0 else ("ffmpeg", "weir"))


def print_ratio(ratios):
    print(f"CPU, weir / ffmpeg: median {statistics.median(ratios):.3f} "
          f"({min(ratios):.3f} to {max(ratios):.3f} of {len(ratios)} turns)\n")


def compare_file(options, source, folders):
    print(f"the same for 300 s from a file, as fast as it goes\n{'turn':6}{'':8}{'CPU s':>14}")
    ratios = []
    for turn, names in in_turns(options.file_turns):
        result = {}
        for name in names:
            result[name] = measure_file(commands(options, source, folders)[name], folders[name])
            print(f"{turn + 1:<6}{name:8}{result[name]:14.3f}", flush=True)
        ratios.append(result["weir"] / result["ffmpeg"])
    print_ratio(ratios)


def compare_live(options, what, measure_one):
    print(f"{options.kbps} kbit/s of 1080p30 with stereo AAC, {what}, {options.seconds} s each")
    print(f"{'turn':6}{'':8}{'% of a core':>14}{'peak MB':>10}{'pictures':>10}{'load':>8}")
    ratios = []
    for turn, names in in_turns(options.turns):
        result = {}
        for name in names:
            result[name] = measure_one(name)
            cpu, memory, count = result[name]
            print(f"{turn + 1:<6}{name:8}{100 * cpu:14.3f}{memory:10.0f}{count:10}"
                  f"{os.getloadavg()[0]:8.1f}", flush=True)
        ratios.append(result["weir"][0] / result["ffmpeg"][0])
    print_ratio(ratios)


def compare_servers(options, clip, folders):
    def measure_one(name):
        port = free_port()
        url = f"rtmp://127.0.0.1:{port}/live/bench"
        command = commands(options, f":{port}" if name == "weir" else url, folders,
                           ["-listen", 1])[name]
        return measure(command, folders[name], options.seconds,
                       lambda: publish(clip, url, folders[name].parent / "publisher.log"))

    compare_live(options, "published to it", measure_one)


def compare_clients(options, url, publisher, folders):
    def measure_one(name):
        result = measure(commands(options, url, folders)[name], folders[name], options.seconds)
        if not publisher.alive():
            sys.exit(f"the publisher ended: {publisher.tail()}")
        return result

    compare_live(options, "pulled from nginx", measure_one)


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        stop_all()
