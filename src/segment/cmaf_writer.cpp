// SPDX-License-Identifier: MIT
#include "segment/cmaf_writer.hpp"

#include <glib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <utility>

#include <gsl/gsl>

#include "base/gst_ptr.hpp"
#include "media/box.hpp"

namespace weir::segment {

using media::BoxWriter;
using media::CodecConfig;

namespace {

// ISO/IEC 14496-12 8.8.3.1: a sync sample depends on no other; the others do, and are none.
constexpr std::uint32_t kSyncFlags = 0x02000000;
constexpr std::uint32_t kOtherFlags = 0x01010000;
constexpr std::uint32_t kDisposable = 0x00800000;

constexpr std::array<std::uint32_t, 9> kUnityMatrix{0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};

void write_matrix(BoxWriter& writer) {
    for (const auto value : kUnityMatrix) writer.u32(value);
}

void write_file_type(BoxWriter& writer) {
    const auto box = writer.box("ftyp");
    writer.text("iso6");
    writer.u32(0);
    for (const char* brand : {"iso6", "cmfc", "dash"}) writer.text(brand);
}

void write_segment_type(BoxWriter& writer) {
    const auto box = writer.box("styp");
    writer.text("msdh");
    writer.u32(0);
    for (const char* brand : {"msdh", "cmfs", "cmff", "cmfl"}) writer.text(brand);
}

void write_movie_header(BoxWriter& writer, const CmafTrack& track) {
    const auto box = writer.full_box("mvhd", 0, 0);
    writer.zeros(8);  // created, modified: the same stream has the same bytes
    writer.u32(track.timescale);
    writer.u32(0);        // duration: in the fragments
    writer.u32(0x10000);  // rate 1
    writer.u16(0x100);    // volume 1
    writer.zeros(10);
    write_matrix(writer);
    writer.zeros(24);
    writer.u32(kCmafTrackId + 1);  // the next track's id
}

void write_track_header(BoxWriter& writer, const CodecConfig& codec) {
    const auto box = writer.full_box("tkhd", 0, 7);  // enabled, in the movie, in the preview
    writer.zeros(8);
    writer.u32(kCmafTrackId);
    writer.zeros(4 + 4 + 8 + 2 + 2);  // duration, layer, alternate group
    writer.u16(codec.is_video() ? 0 : 0x100);
    writer.zeros(2);
    write_matrix(writer);
    writer.u32(static_cast<std::uint64_t>(codec.width) << 16);
    writer.u32(static_cast<std::uint64_t>(codec.height) << 16);
}

void write_media_header(BoxWriter& writer, const CmafTrack& track) {
    const auto box = writer.full_box("mdhd", 0, 0);
    writer.zeros(8);
    writer.u32(track.timescale);
    writer.u32(0);
    unsigned language = 0;
    for (const char letter : track.language.substr(0, 3)) {
        language = language << 5 | (static_cast<unsigned>(letter - 0x60) & 31);
    }
    writer.u16(language);
    writer.u16(0);
}

void write_handler(BoxWriter& writer, bool video) {
    const auto box = writer.full_box("hdlr", 0, 0);
    writer.u32(0);
    writer.text(video ? "vide" : "soun");
    writer.zeros(12);
    writer.text_with_end(video ? "video" : "audio");
}

void write_data_information(BoxWriter& writer) {
    const auto information = writer.box("dinf");
    const auto references = writer.full_box("dref", 0, 0);
    writer.u32(1);
    const auto here = writer.full_box("url ", 0, 1);
}

// What weir encodes is bt709 with square pixels.
void write_colour_and_shape(BoxWriter& writer) {
    {
        const auto box = writer.box("colr");
        writer.text("nclx");
        for (int i = 0; i < 3; ++i) writer.u16(1);
        writer.u8(0);  // limited range
    }
    const auto box = writer.box("pasp");
    writer.u32(1);
    writer.u32(1);
}

void write_sample_entry(BoxWriter& writer, const CodecConfig& codec) {
    const auto entry = writer.box(codec.sample_entry);
    writer.zeros(6);
    writer.u16(1);  // the data is in this file
    if (codec.is_video()) {
        writer.zeros(16);
        writer.u16(static_cast<std::uint64_t>(codec.width));
        writer.u16(static_cast<std::uint64_t>(codec.height));
        writer.u32(0x480000);  // 72 dpi
        writer.u32(0x480000);
        writer.zeros(4);
        writer.u16(1);     // a frame in a sample
        writer.zeros(32);  // compressor's name
        writer.u16(0x18);  // depth: colour without alpha
        writer.u16(0xFFFF);
    } else {
        writer.zeros(8);
        writer.u16(static_cast<std::uint64_t>(codec.channels));
        writer.u16(16);
        writer.zeros(4);
        // A higher rate does not fit; what counts is in the codec's own box.
        writer.u32(
            codec.sample_rate > 0xFFFF ? 0 : static_cast<std::uint64_t>(codec.sample_rate) << 16);
    }
    {
        const auto box = writer.box(codec.box);
        writer.bytes(codec.payload);
    }
    if (codec.is_video()) write_colour_and_shape(writer);
}

void write_sample_table(BoxWriter& writer, const CodecConfig& codec) {
    const auto table = writer.box("stbl");
    {
        const auto box = writer.full_box("stsd", 0, 0);
        writer.u32(1);
        write_sample_entry(writer, codec);
    }
    for (const char* empty : {"stts", "stsc"}) {
        const auto box = writer.full_box(empty, 0, 0);
        writer.u32(0);
    }
    {
        const auto box = writer.full_box("stsz", 0, 0);
        writer.zeros(8);
    }
    const auto box = writer.full_box("stco", 0, 0);
    writer.u32(0);
}

void write_media(BoxWriter& writer, const CmafTrack& track) {
    const auto media = writer.box("mdia");
    write_media_header(writer, track);
    write_handler(writer, track.codec.is_video());
    const auto information = writer.box("minf");
    if (track.codec.is_video()) {
        const auto box = writer.full_box("vmhd", 0, 1);
        writer.zeros(8);
    } else {
        const auto box = writer.full_box("smhd", 0, 0);
        writer.zeros(4);
    }
    write_data_information(writer);
    write_sample_table(writer, track.codec);
}

void write_movie(BoxWriter& writer, const CmafTrack& track) {
    const auto movie = writer.box("moov");
    write_movie_header(writer, track);
    {
        const auto box = writer.box("trak");
        write_track_header(writer, track.codec);
        write_media(writer, track);
    }
    const auto extends = writer.box("mvex");
    const auto box = writer.full_box("trex", 0, 0);
    writer.u32(kCmafTrackId);
    writer.u32(1);     // the only sample description
    writer.zeros(12);  // duration, size, flags: each fragment says them
}

// ISO/IEC 14496-12 8.16.5.
void write_reference_time(BoxWriter& writer, const ProducerReferenceTime& time) {
    constexpr std::int64_t kFrom1900 = 2'208'988'800;
    constexpr std::int64_t kSecond = 1'000'000'000;
    std::int64_t seconds = time.utc.count() / kSecond;
    std::int64_t rest = time.utc.count() % kSecond;
    if (rest < 0) {
        rest += kSecond;
        --seconds;
    }
    constexpr std::uint32_t kCaptured = 24;  // the time of what is to be seen
    const auto box = writer.full_box("prft", 1, kCaptured);
    writer.u32(kCmafTrackId);
    writer.u32(static_cast<std::uint64_t>(seconds + kFrom1900));
    writer.u32((static_cast<std::uint64_t>(rest) << 32) / kSecond);
    writer.u64(static_cast<std::uint64_t>(time.media_time));
}

void write_event(BoxWriter& writer, const EventMessage& event) {
    const auto box = writer.full_box("emsg", 1, 0);
    writer.u32(event.timescale);
    writer.u64(event.presentation_time);
    writer.u32(event.duration);
    writer.u32(event.id);
    writer.text_with_end(event.scheme_id_uri);
    writer.text_with_end(event.value);
    writer.text(event.data);
}

void write_fragment_header(BoxWriter& writer, const CmafTrack& track) {
    constexpr std::uint32_t kDefaultBaseIsMoof = 0x020000;
    constexpr std::uint32_t kDuration = 0x8;
    constexpr std::uint32_t kFlags = 0x20;
    const auto box = writer.full_box("tfhd", 0, kDefaultBaseIsMoof | kDuration | kFlags);
    writer.u32(kCmafTrackId);
    writer.u32(track.unit_ticks);
    writer.u32(track.codec.is_video() ? kOtherFlags : kSyncFlags);
}

std::uint32_t flags_of(const CmafSample& sample) {
    return (sample.sync ? kSyncFlags : kOtherFlags) | (sample.disposable ? kDisposable : 0);
}

// Returns where the data's offset belongs.
std::size_t write_run(BoxWriter& writer, const CmafTrack& track, const CmafFragment& fragment) {
    const auto& samples = fragment.samples;
    const bool durations = std::any_of(samples.begin(), samples.end(), [&](const auto& sample) {
        return sample.duration != track.unit_ticks;
    });
    const bool flags = track.codec.is_video();
    const bool offsets = std::any_of(samples.begin(), samples.end(), [](const auto& sample) {
        return sample.composition_offset != 0;
    });
    const std::uint32_t fields =
        0x1 | (durations ? 0x100U : 0) | 0x200 | (flags ? 0x400U : 0) | (offsets ? 0x800U : 0);
    const auto box = writer.full_box("trun", 1, fields);
    writer.u32(samples.size());
    const std::size_t data_offset = writer.size();
    writer.u32(0);
    for (const CmafSample& sample : samples) {
        if (durations) writer.u32(sample.duration);
        writer.u32(sample.size);
        if (flags) writer.u32(flags_of(sample));
        if (offsets) writer.i32(sample.composition_offset);
    }
    return data_offset;
}

std::string checksum(const std::string& bytes) {
    constexpr std::size_t kDigits = 16;
    const base::GString digest(g_compute_checksum_for_data(
        G_CHECKSUM_SHA256, reinterpret_cast<const guchar*>(bytes.data()), bytes.size()));
    return std::string(digest.get()).substr(0, kDigits);
}

}  // namespace

Result<CmafTrack> video_track(CodecConfig codec, const Rational& frame_rate) {
    constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
    constexpr std::int64_t kShort = 10'000;
    const std::int64_t divisor = std::gcd(frame_rate.numerator, frame_rate.denominator);
    std::int64_t timescale = divisor > 0 ? frame_rate.numerator / divisor : 0;
    std::int64_t ticks = divisor > 0 ? frame_rate.denominator / divisor : 0;
    while (timescale > 0 && timescale < kShort && ticks <= kMost) {
        timescale *= 10;
        ticks *= 10;
    }
    if (timescale < 1 || ticks < 1 || timescale > kMost || ticks > kMost) {
        return Error{ErrorCode::unsupported, "CMAF: a frame rate of " + to_string(frame_rate)};
    }
    return CmafTrack{.codec = std::move(codec),
                     .timescale = static_cast<std::uint32_t>(timescale),
                     .unit_ticks = static_cast<std::uint32_t>(ticks)};
}

CmafTrack audio_track(CodecConfig codec, int frame_samples) {
    Expects(frame_samples > 0 && codec.sample_rate > 0);
    const auto rate = static_cast<std::uint32_t>(codec.sample_rate);
    return {.codec = std::move(codec),
            .timescale = rate,
            .unit_ticks = static_cast<std::uint32_t>(frame_samples)};
}

media::InitSegment write_init_segment(const CmafTrack& track) {
    BoxWriter writer;
    write_file_type(writer);
    write_movie(writer, track);
    std::string bytes = writer.take();
    std::string hash = checksum(bytes);
    return {.codecs = track.codec.codecs,
            .hash = std::move(hash),
            .bytes = Bytes::from_string(std::move(bytes))};
}

void write_fragment(const CmafTrack& track, const CmafFragment& fragment,
                    std::span<const std::byte> data, std::string& out) {
    Expects(!fragment.samples.empty() && data.size() <= kMaxFragmentBytes);
    constexpr std::size_t kBoxHeader = 8;
    BoxWriter writer;
    if (fragment.begins_segment) write_segment_type(writer);
    if (fragment.reference_time) write_reference_time(writer, *fragment.reference_time);
    for (const EventMessage& event : fragment.events) write_event(writer, event);
    const std::size_t begin = writer.size();
    std::size_t data_offset = 0;
    {
        const auto moof = writer.box("moof");
        {
            const auto header = writer.full_box("mfhd", 0, 0);
            writer.u32(fragment.sequence_number);
        }
        const auto traf = writer.box("traf");
        write_fragment_header(writer, track);
        {
            const auto box = writer.full_box("tfdt", 1, 0);
            writer.u64(static_cast<std::uint64_t>(fragment.decode_time));
        }
        data_offset = write_run(writer, track, fragment);
    }
    writer.put_u32(data_offset, static_cast<std::uint32_t>(writer.size() - begin + kBoxHeader));
    writer.header("mdat", data.size());
    const std::string head = writer.take();
    out.reserve(out.size() + head.size() + data.size());
    out += head;
    out.append(reinterpret_cast<const char*>(data.data()), data.size());
}

void write_nothing(bool begins_segment, std::string& out) {
    BoxWriter writer;
    if (begins_segment) {
        write_segment_type(writer);
    } else {
        const auto box = writer.box("free");
    }
    out += writer.take();
}

std::size_t fragment_overhead(std::size_t samples, bool video) {
    constexpr std::size_t kStyp = 32;
    constexpr std::size_t kPrft = 32;
    constexpr std::size_t kMoof = 8 + 16 + 8 + 24 + 20 + 20;  // mfhd, traf, tfhd, tfdt, trun
    constexpr std::size_t kMdat = 8;
    return kStyp + kPrft + kMoof + kMdat + samples * (video ? 16 : 8);
}

}  // namespace weir::segment
