// SPDX-License-Identifier: MIT
// Writes CMAF (ISO/IEC 23000-19): the header of a track, and fragments of it. One track a file, no
// edit list: a frame is presented at exactly its time since 1970.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/rational.hpp>

#include "media/codec_config.hpp"
#include "media/segment.hpp"

namespace weir::segment {

inline constexpr std::uint32_t kCmafTrackId = 1;

// A track and what its times are counted in. A unit is a video frame or an audio frame: all of a
// track last the same, so unit k begins at tick k * unit_ticks.
struct CmafTrack {
    media::CodecConfig codec;
    std::uint32_t timescale = 0;   // ticks a second
    std::uint32_t unit_ticks = 0;  // frames are exact in it
    std::string language = "und";  // ISO 639-2, three letters
};

// Frames of k / frame_rate are whole numbers of ticks, and a tick is short: at least 10000 a
// second. Errors: unsupported: a frame rate of no such timescale.
Result<CmafTrack> video_track(media::CodecConfig codec, const Rational& frame_rate);

// Requires: frame_samples > 0.
CmafTrack audio_track(media::CodecConfig codec, int frame_samples);

// ftyp and moov.
media::InitSegment write_init_segment(const CmafTrack& track);

struct CmafSample {
    std::uint32_t size = 0;
    std::uint32_t duration = 0;           // in ticks
    std::int32_t composition_offset = 0;  // in ticks; below zero where it is decoded late
    bool sync = false;                    // needs no other
    bool disposable = false;              // no other needs it
};

// The instant at which a frame was captured (ISO/IEC 14496-12 8.16.5).
struct ProducerReferenceTime {
    media::MediaTime utc{};  // since 1970
    std::int64_t media_time = 0;
};

// ISO/IEC 23009-1 5.10.3.3, version 1: on the track's timeline.
struct EventMessage {
    std::string scheme_id_uri;
    std::string value;
    std::uint32_t timescale = 0;
    std::uint64_t presentation_time = 0;
    std::uint32_t duration = 0xFFFFFFFF;  // not known
    std::uint32_t id = 0;
    std::string data;
};

struct CmafFragment {
    bool begins_segment = false;  // styp comes first
    std::uint32_t sequence_number = 1;
    std::int64_t decode_time = 0;  // of the first sample, in ticks
    std::optional<ProducerReferenceTime> reference_time{};
    std::vector<EventMessage> events{};
    std::vector<CmafSample> samples;
};

// styp, prft, emsg, moof and mdat, whose payload is `data`: the samples one behind the other.
// Appended to `out`. Requires: samples, and `data` has their size, at most kMaxFragmentBytes.
void write_fragment(const CmafTrack& track, const CmafFragment& fragment,
                    std::span<const std::byte> data, std::string& out);

inline constexpr std::size_t kMaxFragmentBytes = 1'000'000'000;

// What stands for a piece in which nothing lies, so that it has bytes: a box without meaning.
void write_nothing(bool begins_segment, std::string& out);

// The bytes of a fragment that are not its samples, at most.
std::size_t fragment_overhead(std::size_t samples, bool video);

}  // namespace weir::segment
