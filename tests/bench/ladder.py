#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The 4-rung ladder of EncoderLadder::hd1080(), once by weir's elements and once by one ffmpeg
command with the same x264 parameters: CPU, time and memory, in turns, so that what else the machine
does meets both alike. See docs/benchmarks.md.

Prints whether the outputs can be compared at all (x264's own parameter lines, bit rates, PSNR),
each run, and the ratios.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from clip import make_clip

ROOT = Path(__file__).resolve().parents[2]
# name, width, height, kbit/s: EncoderLadder::hd1080(). The parameter lines prove that they agree.
RUNGS = [("1080p", 1920, 1080, 5000), ("720p", 1280, 720, 2800), ("480p", 854, 480, 1200),
         ("360p", 640, 360, 700)]
CRF = 23
GOP_SECONDS = 1
SEGMENT_SECONDS = 2
MAX_PSNR_DIFFERENCE = 0.3  # dB

# ffmpeg's side. One AAC encoding for all is what weir does; ffmpeg can do it only when the audio is
# a rendition of its own ("lean"), so the plain command encodes it for each variant.
FFMPEG = {
    "ffmpeg": {"what": "the plain command: bicubic scaling, its own choice of threads"},
    "bilinear": {"flags": "bilinear", "what": "the same with bilinear scaling, as weir's"},
    "lean": {"flags": "bilinear", "threads": 1, "one_audio": True,
             "what": "bilinear, -threads 1 for each encoder, the sound encoded once, apart"},
}


def ffmpeg_command(clip, folder, flags="bicubic", threads=None, one_audio=False, what=""):
    splits = "".join(f"[s{i}]" for i in range(len(RUNGS)))
    graph = [f"[0:v]split={len(RUNGS)}{splits}"]
    for i, (_, width, height, _) in enumerate(RUNGS):
        scale = "null" if i == 0 else f"scale={width}:{height}:flags={flags}"
        graph.append(f"[s{i}]{scale}[v{i}]")
    command = ["ffmpeg", "-v", "error", "-y", "-i", clip, "-filter_complex", ";".join(graph)]
    streams = []
    for i, (name, _, _, kbps) in enumerate(RUNGS):
        command += ["-map", f"[v{i}]", f"-maxrate:v:{i}", f"{kbps}k", f"-bufsize:v:{i}", f"{kbps}k"]
        if not one_audio:
            command += ["-map", "0:a"]
        audio = "agroup:sound" if one_audio else f"a:{i}"
        streams.append(f"v:{i},{audio},name:{name}")
    if one_audio:
        command += ["-map", "0:a"]
        streams.append("a:0,agroup:sound,name:sound")
    command += ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-crf", CRF,
                # IDR frames only where they are forced, as in weir.
                "-g", 100000, "-sc_threshold", 0, "-forced-idr", 1,
                "-force_key_frames", f"expr:gte(t,n_forced*{GOP_SECONDS})",
                "-x264-params", "vbv-init=0.5", "-c:a", "aac", "-b:a", "128k", "-ac", 2]
    if threads:
        command += ["-threads:v", threads]
    command += ["-f", "hls", "-hls_time", SEGMENT_SECONDS, "-hls_playlist_type", "vod",
                "-hls_flags", "independent_segments", "-hls_segment_filename", folder / "%v/%d.ts",
                "-var_stream_map", " ".join(streams), folder / "%v.m3u8"]
    return [str(word) for word in command]


def measure(command):
    """(CPU seconds, wall seconds, peak RSS in MB) of the command, which has to succeed."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"failed ({process.returncode}): {' '.join(command)}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def segments(folder, rung):
    files = sorted((folder / rung).glob("*.ts"), key=lambda f: int(re.match(r"\d+", f.name)[0]))
    if not files:
        sys.exit(f"no segments of {rung} in {folder}")
    return files


def x264_options(folder, rung):
    """What the encoder says of itself in the stream's first SEI."""
    first = segments(folder, rung)[0]
    stream = subprocess.run(["ffmpeg", "-v", "error", "-i", first, "-map", "0:v", "-c", "copy",
                             "-frames:v", "1", "-f", "h264", "-"], stdout=subprocess.PIPE, check=True)
    found = re.search(rb"x264 - core (\d+).*? options: ([^\0]+)", stream.stdout, re.DOTALL)
    return dict(o.split("=", 1) for o in found[2].decode("ascii", "ignore").split() if "=" in o)


def psnr_of(clip, folder, rung, joined):
    """Mean PSNR (dB) of the rung, enlarged to the clip's size, against the clip."""
    with open(joined, "wb") as out:
        for segment in segments(folder, rung):
            out.write(segment.read_bytes())
    graph = ("[0:v]setpts=PTS-STARTPTS,scale=1920:1080:flags=bicubic[a];"
             "[1:v]setpts=PTS-STARTPTS[b];[a][b]psnr")
    told = subprocess.run(["ffmpeg", "-hide_banner", "-nostats", "-i", joined, "-i", clip,
                           "-filter_complex", graph, "-f", "null", "-"],
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True).stderr
    return float(re.search(r"PSNR .*?average:([\d.]+)", told)[1])


def video_kbps(folder, rung, seconds):
    """Of the elementary stream: what the container adds is not the encoder's doing."""
    joined = b"".join(f.read_bytes() for f in segments(folder, rung))
    stream = subprocess.run(["ffmpeg", "-v", "error", "-i", "-", "-map", "0:v", "-c", "copy", "-f",
                             "h264", "-"], input=joined, stdout=subprocess.PIPE, check=True).stdout
    return len(stream) * 8 / seconds / 1000


def compare_outputs(clip, seconds, weir, other, name):
    """Prints how alike they are; whether they may be compared."""
    fair = True
    print(f"\nweir's output against that of \"{name}\" (PSNR after enlarging to 1080p)")
    print(f"{'':8}{'kbit/s':>16}{'PSNR dB':>18}{'':>8}  x264 parameters that differ (weir, ffmpeg)")
    for rung, _, _, _ in RUNGS:
        ours, theirs = x264_options(weir, rung), x264_options(other, rung)
        differing = [f"{key}: {ours.get(key)}, {theirs.get(key)}"
                     for key in sorted(set(ours) | set(theirs)) if ours.get(key) != theirs.get(key)]
        rates = [video_kbps(folder, rung, seconds) for folder in (weir, other)]
        psnr = [psnr_of(clip, folder, rung, folder / "joined.ts") for folder in (weir, other)]
        print(f"{rung:8}{rates[0]:8.0f}{rates[1]:8.0f}{psnr[0]:9.2f}{psnr[1]:9.2f}"
              f"{psnr[0] - psnr[1]:+8.2f}  {'; '.join(differing) or 'none'}")
        allowed = ("threads", "lookahead_threads")
        fair = fair and all(d.split(":")[0] in allowed for d in differing)
        # Bicubic pictures are sharper: more bits and a higher PSNR, so only the rates tell anything.
        if FFMPEG[name].get("flags") == "bilinear":
            fair = fair and psnr[0] - psnr[1] > -MAX_PSNR_DIFFERENCE
    return fair


def print_ratios(results, names):
    print(f"\nweir / other: median (lowest to highest of {len(results)} turns)")
    print(f"{'':10}{'CPU':>24}{'wall time':>24}{'peak memory':>24}")
    for name in names:
        cells = []
        for index in range(3):
            ratios = [turn["weir"][index] / turn[name][index] for turn in results]
            cells.append(f"{statistics.median(ratios):.3f} "
                         f"({min(ratios):.3f} to {max(ratios):.3f})")
        print(f"{name:10}" + "".join(f"{cell:>24}" for cell in cells))


def print_medians(results, names):
    print(f"\nmedians of {len(results)} turns")
    print(f"{'':10}{'CPU s':>10}{'wall s':>10}{'peak MB':>10}")
    for name in ["weir", *names]:
        values = [statistics.median(turn[name][index] for turn in results) for index in range(3)]
        print(f"{name:10}{values[0]:10.2f}{values[1]:10.2f}{values[2]:10.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="meson's build folder")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=20, help="length of the clip")
    parser.add_argument("--against", default="ffmpeg,bilinear,lean", help=f"of {', '.join(FFMPEG)}")
    parser.add_argument("--no-compare", action="store_true", help="do not look at the outputs")
    options = parser.parse_args()
    names = options.against.split(",")

    subprocess.run(["ninja", "-C", options.build, "tests/bench/ladder_weir"], check=True,
                   stdout=subprocess.DEVNULL)
    place = options.build / "bench"
    clip = place / f"clip{options.seconds}.mp4"
    print(f"the clip: {options.seconds} s of 1080p30 in {clip.name}", flush=True)
    make_clip(clip, options.seconds)

    folders = {name: place / "out" / name for name in ["weir", *names]}
    commands = {"weir": [str(options.build / "tests/bench/ladder_weir"), str(clip),
                         str(folders["weir"])]}
    for name in names:
        commands[name] = ffmpeg_command(clip, folders[name], **FFMPEG[name])
        print(f"{name}: {FFMPEG[name]['what']}")

    print(f"\n{'turn':6}{'':10}{'CPU s':>10}{'wall s':>10}{'peak MB':>10}{'load':>8}")
    results = []
    for turn in range(options.turns):
        order = ["weir", *names] if turn % 2 == 0 else [*reversed(names), "weir"]
        results.append({})
        for name in order:
            shutil.rmtree(folders[name], ignore_errors=True)
            folders[name].mkdir(parents=True)
            load = os.getloadavg()[0]
            results[-1][name] = measure(commands[name])
            cpu, wall, memory = results[-1][name]
            print(f"{turn + 1:<6}{name:10}{cpu:10.2f}{wall:10.2f}{memory:10.0f}{load:8.1f}",
                  flush=True)
    folders["weir"] = folders["weir"] / "bench"
    print_medians(results, names)
    print_ratios(results, names)
    fair = True
    if not options.no_compare:
        for name in names:
            fair = compare_outputs(clip, options.seconds, folders["weir"], folders[name],
                                   name) and fair
        print("\nthe same work" if fair else "\nNOT the same work: see above")
    return 0 if fair else 1


if __name__ == "__main__":
    sys.exit(main())
