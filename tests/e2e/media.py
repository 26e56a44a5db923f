# SPDX-License-Identifier: MIT
"""What is in a media file, by ffprobe and ffmpeg; and the clips that the tests play."""

import json
import os
import subprocess
from pathlib import Path

import numpy

from harness import SCRATCH, Failed

WRAP = 1 << 33  # MPEG-TS time stamps are 33 bits of 90 kHz


def run(command, **options):
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, timeout=120, stdin=subprocess.DEVNULL, **options
    )
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done


def ffmpeg(*arguments):
    return run(["ffmpeg", "-nostdin", "-y", "-v", "error", *arguments])


def ffprobe(path, entries, *arguments):
    done = run(["ffprobe", "-v", "error", *arguments, "-show_entries", entries, "-of", "json", path])
    return json.loads(done.stdout)


class TsSegment:
    """The packets of one MPEG-TS segment, time stamps as they are in the file."""

    def __init__(self, path):
        self.path = Path(path)
        # Without this ffprobe makes stamps before a wrap negative.
        found = ffprobe(
            path,
            "packet=codec_type,pts,dts,flags:stream=codec_type,codec_name,width,height,profile,channels,sample_rate",
            "-correct_ts_overflow", "0",
        )  # fmt: skip
        self.streams = found["streams"]
        self.video = [p for p in found["packets"] if p["codec_type"] == "video"]
        self.audio = [p for p in found["packets"] if p["codec_type"] == "audio"]

    def video_pts(self):
        """In presentation order. A segment is far shorter than the wrap, which may lie in it."""
        stamps = [p["pts"] for p in self.video]
        first = stamps[0]
        return sorted(first + forward(first, stamp) for stamp in stamps)

    def audio_pts(self):
        return [p["pts"] for p in self.audio]

    def first_nal_types(self):
        """The NAL unit types of the first access unit, up to its first slice."""
        stream = run(
            ["ffmpeg", "-nostdin", "-v", "error", "-i", self.path, "-map", "0:v:0", "-c", "copy",
             "-frames:v", "1", "-f", "h264", "-"]
        ).stdout  # fmt: skip
        types, at = [], stream.find(b"\0\0\1")
        while at >= 0 and at + 3 < len(stream):
            types.append(stream[at + 3] & 0x1F)
            if types[-1] in (1, 5):
                break
            at = stream.find(b"\0\0\1", at + 3)
        return types


def forward(before, after):
    """From one 33-bit stamp to another, as a signed distance."""
    distance = (after - before) % WRAP
    return distance - WRAP if distance > WRAP // 2 else distance


# Flashes and beeps


def flashes(path):
    """Times of the first bright picture after a dark one, in seconds."""
    found = ffprobe(path, "frame=pts_time", "-select_streams", "v:0")
    times = [float(f["pts_time"]) for f in found["frames"] if "pts_time" in f]
    pixels = ffmpeg(
        "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough",
        "-vf", "scale=8:8:flags=area,format=gray", "-f", "rawvideo", "-",
    ).stdout  # fmt: skip
    luma = numpy.frombuffer(pixels, numpy.uint8).reshape(-1, 64).mean(axis=1)
    if abs(len(luma) - len(times)) > 1:
        raise Failed(f"{path}: {len(luma)} pictures, {len(times)} time stamps")
    bright = luma > 150
    count = min(len(luma), len(times))
    return [times[i] for i in range(1, count) if bright[i] and not bright[i - 1]]


def beeps(path):
    """Times at which a tone begins after silence, in seconds, by the stamp of its AAC frame: a hole
    before it in the file must not move it."""
    found = ffprobe(path, "frame=pts_time,nb_samples:stream=sample_rate", "-select_streams", "a:0")
    rate = int(found["streams"][0]["sample_rate"])
    frames = [(float(f["pts_time"]), int(f["nb_samples"])) for f in found["frames"] if "pts_time" in f]
    raw = ffmpeg("-i", path, "-map", "0:a:0", "-ac", "1", "-af", "aresample=async=0", "-f", "s16le", "-").stdout
    sound = numpy.abs(numpy.frombuffer(raw, numpy.int16).astype(float)) / 32768
    begins = numpy.concatenate([[0], numpy.cumsum([count for _, count in frames])])
    loud = numpy.nonzero(sound > 0.1)[0]
    if len(loud) == 0:
        return []
    # Silence of 200 ms lies before each beep.
    onsets = loud[numpy.concatenate([[True], numpy.diff(loud) > rate // 5])]
    times = []
    for onset in onsets:
        frame = int(numpy.searchsorted(begins, onset, side="right")) - 1
        if frame < len(frames):
            times.append(frames[frame][0] + (onset - begins[frame]) / rate)
    return times


def offsets(path):
    """(time of the flash, beep - flash) in seconds for each flash that has a beep within 0.45 s."""
    heard = numpy.array(beeps(path))
    pairs = []
    for seen in flashes(path):
        if len(heard):
            nearest = heard[numpy.argmin(numpy.abs(heard - seen))]
            if abs(nearest - seen) < 0.45:
                pairs.append((seen, float(nearest - seen)))
    return pairs


# Clips


def clip(name):
    """A generated file, made once."""
    folder = SCRATCH / "clips"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if name == "film.mp4" and os.environ.get("WEIR_E2E_CLIP"):
        return Path(os.environ["WEIR_E2E_CLIP"])
    if not path.exists():
        part = folder / f"part-{os.getpid()}-{name}"  # another class may make it too
        MAKERS[name](part)
        part.rename(path)
    return path


X264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]


def make_film(path):
    """As a film: 24 fps, B-frames, a long GOP, sound in 5.1."""
    tone = "|".join(f"0.2*sin(2*PI*{frequency}*t)" for frequency in (300, 400, 500, 60, 700, 800))
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=854x480:rate=24",
        "-f", "lavfi", "-i", f"aevalsrc='{tone}':channel_layout=5.1:sample_rate=48000",
        "-t", "20", *X264, "-bf", "3", "-g", "120", "-c:a", "aac", "-b:a", "256k", path,
    )  # fmt: skip


def make_flash(path, size="640x360", rate=30, seconds=90, video=("-g", "30", "-bf", "2"), audio=("-ac", "2")):
    """A white field and a beep for the first 100 ms of each second, keyframes each second."""
    ffmpeg(
        "-f", "lavfi", "-i",
        f"color=c=0x203040:size={size}:rate={rate},drawbox=c=white:t=fill:enable='lt(mod(t,1),0.095)'",
        "-f", "lavfi", "-i", "aevalsrc='0.6*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':sample_rate=48000",
        "-t", seconds, *X264, *video, "-c:a", "aac", "-b:a", "96k", *audio, path,
    )  # fmt: skip


def flash(**options):
    """The maker of a shorter one that differs in something."""
    return lambda path: make_flash(path, seconds=30, **options)


def flv_tags(path):
    """(type, time in ms, body) of each tag of an FLV file."""
    data = path.read_bytes()
    at = int.from_bytes(data[5:9], "big") + 4
    while at + 11 <= len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        when = int.from_bytes(data[at + 4 : at + 7], "big") | data[at + 7] << 24
        yield data[at], when, data[at + 11 : at + 11 + size]
        at += 11 + size + 4


def make_flash_changing(path):
    """As of one connection whose encoder is set up anew every five seconds: FLV, with new sequence
    headers for another size, profile and sample rate."""
    pieces = []
    for number, name in enumerate(("flash", "flash_small", "flash_baseline")):
        piece = path.with_name(f"piece-{number}.flv")
        ffmpeg("-i", clip(f"{name}.mp4"), "-t", "5", "-c", "copy", piece)
        for kind, when, body in flv_tags(piece):
            if number == 0 or kind != 18:  # one onMetaData is enough
                pieces.append((kind, when + 5100 * number, body))
        piece.unlink()
    write_flv(path, pieces)


def write_flv(path, tags):
    """An FLV file of (type, time in ms, body)."""
    with open(path, "wb") as out:
        out.write(b"FLV\x01\x05\0\0\0\x09\0\0\0\0")
        for kind, when, body in tags:
            out.write(bytes([kind]) + len(body).to_bytes(3, "big"))
            out.write((when & 0xFFFFFF).to_bytes(3, "big") + bytes([when >> 24]) + bytes(3))
            out.write(body + (11 + len(body)).to_bytes(4, "big"))


def make_flash_hevc(path):
    """As enhanced RTMP has it; from an MP4, whose access units are written the same way."""
    film = path.with_suffix(".mp4")
    make_flash(film, seconds=30, video=("-c:v", "libx265", "-g", "30", "-x265-params", "log-level=error"))
    data = film.read_bytes()
    at = data.index(b"hvcC")
    size = int.from_bytes(data[at - 4 : at], "big") - 8
    tags = [
        (9, 0, b"\x90hvc1" + data[at + 4 : at + 4 + size]),
        (8, 0, b"\xAF\x00\x11\x90"),  # AAC LC, 48 kHz, stereo
    ]
    packets = ffprobe(film, "packet=codec_type,pts_time,dts_time,pos,size,flags")["packets"]
    first = min(float(packet["dts_time"]) for packet in packets)
    for packet in sorted(packets, key=lambda p: float(p["dts_time"])):
        dts, pts = (round((float(packet[name]) - first) * 1000) for name in ("dts_time", "pts_time"))
        unit = data[int(packet["pos"]) :][: int(packet["size"])]
        if packet["codec_type"] == "video":
            kind = b"\x91" if "K" in packet["flags"] else b"\xA1"
            tags.append((9, dts, kind + b"hvc1" + (pts - dts).to_bytes(3, "big") + unit))
        else:
            tags.append((8, dts, b"\xAF\x01" + unit))
    film.unlink()
    write_flv(path, tags)


def make_audio_only(path):
    ffmpeg("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-t", "30", "-c:a", "aac", path)


def make_video_only(path):
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-t", "30", *X264, "-g", "50", path)


def make_text(path):
    path.write_text("This is no film, whatever its name says.\n" * 50)


MAKERS = {
    "film.mp4": make_film,
    "flash.mp4": make_flash,
    "flash_small.mp4": flash(size="320x180"),
    "flash_25.mp4": flash(rate=25, video=("-g", "25", "-bf", "2")),
    "flash_mono.mp4": flash(audio=("-ac", "1")),
    "flash_baseline.mp4": flash(
        video=("-g", "45", "-profile:v", "baseline", "-tune", "zerolatency"), audio=("-ac", "2", "-ar", "44100")
    ),
    "flash_1080.mp4": lambda path: make_flash(path, size="1920x1080"),
    "flash_720.mp4": flash(size="1280x720"),
    "flash_changing.flv": make_flash_changing,
    "flash_hevc.flv": make_flash_hevc,
    "audio_only.mp4": make_audio_only,
    "video_only.mp4": make_video_only,
    "text.mp4": make_text,
}
