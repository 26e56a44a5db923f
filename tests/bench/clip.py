# SPDX-License-Identifier: MIT
"""Makes the clip that the benchmarks encode: it costs an encoder about what camera pictures do.

Each scene pans over a still that has detail at every scale (clouds of noise, each octave weaker
than the coarser one, and hard-edged boxes), with a moving inset, drifting light and sensor noise;
there is a cut every five seconds. The same bytes come out for the same ffmpeg.
"""

import random
import subprocess
import tempfile
from pathlib import Path

SCENE_SECONDS = 5
OCTAVES = (4, 8, 16, 32, 64, 128, 256, 512)  # cells across the picture
STILL = (2560, 1440)
RATE = 30


def run(*command):
    subprocess.run([str(word) for word in command], check=True, stdin=subprocess.DEVNULL)


def write_ppm(path, width, height, pixels):
    path.write_bytes(b"P6\n%d %d\n255\n" % (width, height) + pixels)


def make_still(folder, seed):
    """Octaves of noise, scaled to one size and added with falling weights, and boxes on top."""
    noise = random.Random(seed)
    inputs, scaled, boxes = [], [], []
    for index, cells in enumerate(OCTAVES):
        height = cells * 9 // 16 + 1
        octave = folder / f"octave{index}.ppm"
        write_ppm(octave, cells, height, noise.randbytes(cells * height * 3))
        inputs += ["-i", octave]
        scaled.append(f"[{index}:v]scale={STILL[0]}:{STILL[1]}:flags=bicubic,format=gbrp[o{index}]")
    for _ in range(80):
        x, y = noise.randrange(STILL[0] - 250), noise.randrange(STILL[1] - 250)
        width, height = noise.randrange(12, 240), noise.randrange(12, 240)
        color = f"0x{noise.randrange(1 << 24):06x}@0.5"
        boxes.append(f"drawbox=x={x}:y={y}:w={width}:h={height}:t=fill:color={color}")
    weights = " ".join(f"{0.72 ** index:.3f}" for index in range(len(OCTAVES)))
    mix = "".join(f"[o{index}]" for index in range(len(OCTAVES)))
    graph = ";".join(scaled) + (
        f";{mix}mix=inputs={len(OCTAVES)}:weights='{weights}',eq=contrast=2.2," + ",".join(boxes))
    still = folder / f"still{seed}.png"
    run("ffmpeg", "-v", "error", "-y", *inputs, "-filter_complex", graph, "-frames:v", 1, still)
    return still


def make_clip(path, seconds):
    """1080p30 H.264 with B-frames and stereo AAC, colours named as BT.709. Kept when it is there."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    scenes = -(-seconds // SCENE_SECONDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs, graph = [], []
        for scene in range(scenes):
            still = make_still(folder, scene + 1)
            inputs += ["-loop", 1, "-framerate", RATE, "-t", SCENE_SECONDS, "-i", still]
            graph.append(
                f"[{scene}:v]crop=1920:1080:x='320+300*sin(t/{3 + scene}+{scene})'"
                f":y='180+170*cos(t/{4 - scene % 2})',setsar=1[s{scene}]")
        graph.append("".join(f"[s{scene}]" for scene in range(scenes))
                     + f"concat=n={scenes},scale=out_color_matrix=bt709:out_range=tv,"
                     "format=yuv420p,eq=brightness='0.06*sin(t)':eval=frame[back]")
        graph.append(f"testsrc2=s=384x216:r={RATE}:d={seconds},format=yuv420p[inset]")
        graph.append("[back][inset]overlay=x='760+700*sin(t*0.8)':y='430+380*cos(t*0.6)',"
                     "noise=c0s=6:c0f=t[v]")
        graph.append(f"anoisesrc=color=pink:sample_rate=48000:duration={seconds}:seed=3,volume=0.3,"
                     "aformat=channel_layouts=stereo[a]")
        part = path.with_suffix(".part.mp4")
        run("ffmpeg", "-v", "error", "-y", *inputs, "-filter_complex", ";".join(graph),
            "-map", "[v]", "-map", "[a]", "-t", seconds,
            "-c:v", "libx264", "-preset", "veryfast", "-b:v", "12M", "-maxrate", "14M",
            "-bufsize", "14M", "-bf", 2, "-g", 60, "-colorspace", "bt709",
            "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
            "-c:a", "aac", "-b:a", "160k", "-ac", 2, part)
        part.rename(path)
