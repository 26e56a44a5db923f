// SPDX-License-Identifier: MIT
// The access units of a media file as a source hands them out, and what ffprobe sees in a file.
// Threads: one thread at a time.
#pragma once

#include <gst/app/gstappsink.h>
#include <stdio.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/gst_ptr.hpp"
#include "base/pipeline.hpp"
#include "media/time.hpp"
#include "media/unit_sink.hpp"

namespace weir::test {

struct ClipUnit {
    media::UnitKind kind = media::UnitKind::video;
    base::MiniPtr<GstBuffer> buffer;  // its times are running times, a second later
    media::MediaTime dts{};
    bool operator<(const ClipUnit& other) const { return dts < other.dts; }
};

struct ClipUnits {
    std::map<media::UnitKind, base::MiniPtr<GstCaps>> caps;
    std::vector<ClipUnit> units;  // in the order of their DTS
};

inline media::MediaTime running_time(const GstSegment* segment, GstClockTime time) {
    guint64 running = 0;
    const int sign = gst_segment_to_running_time_full(segment, GST_FORMAT_TIME, time, &running);
    return (sign < 0 ? -1 : 1) * media::MediaTime(static_cast<std::int64_t>(running)) +
           std::chrono::seconds(1);
}

// `launch` ends in appsinks that are called "video" and "audio", or one of them.
inline ClipUnits read_units(const std::string& launch) {
    GError* error = nullptr;
    const auto pipeline = base::adopt_object(gst_parse_launch(launch.c_str(), &error));
    if (error) throw std::runtime_error(error->message);
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    ClipUnits clip;
    for (const auto kind : {media::UnitKind::video, media::UnitKind::audio}) {
        const auto sink = base::adopt_object(gst_bin_get_by_name(
            GST_BIN(pipeline.get()), kind == media::UnitKind::video ? "video" : "audio"));
        if (!sink) continue;
        while (const auto sample =
                   base::adopt_mini(gst_app_sink_pull_sample(GST_APP_SINK(sink.get())))) {
            clip.caps[kind] = base::borrow_mini(gst_sample_get_caps(sample.get()));
            auto buffer = base::adopt_mini(gst_buffer_copy(gst_sample_get_buffer(sample.get())));
            const auto* segment = gst_sample_get_segment(sample.get());
            const auto pts = running_time(segment, GST_BUFFER_PTS(buffer.get()));
            const auto dts = GST_BUFFER_DTS_IS_VALID(buffer.get())
                                 ? running_time(segment, GST_BUFFER_DTS(buffer.get()))
                                 : pts;
            GST_BUFFER_PTS(buffer.get()) = static_cast<GstClockTime>(pts.count());
            GST_BUFFER_DTS(buffer.get()) = static_cast<GstClockTime>(dts.count());
            clip.units.push_back({kind, std::move(buffer), dts});
        }
    }
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    std::stable_sort(clip.units.begin(), clip.units.end());
    return clip;
}

inline constexpr const char* kAppSink =
    "appsink sync=false async=false wait-on-eos=false enable-last-sample=false name=";

// Of an MP4 file: AVC and raw AAC, with exact times.
inline ClipUnits read_mp4_units(const std::string& file, bool video = true, bool audio = true) {
    std::string launch = "filesrc location=" + file + " ! qtdemux name=d";
    const std::string queue = " ! queue max-size-bytes=0 max-size-buffers=0 max-size-time=0 ! ";
    if (video) launch += " d.video_0" + queue + kAppSink + "video";
    if (audio) launch += " d.audio_0" + queue + kAppSink + "audio";
    return read_units(launch);
}

// Of the same file as a transport stream has it: Annex B and ADTS.
inline ClipUnits read_byte_stream_units(const std::string& file) {
    const std::string queue = " ! queue max-size-bytes=0 max-size-buffers=0 max-size-time=0 ! ";
    return read_units("filesrc location=" + file +
                      " ! qtdemux name=d d.video_0 ! h264parse "
                      "config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au" +
                      queue + kAppSink +
                      "video d.audio_0 ! aacparse ! "
                      "audio/mpeg,stream-format=adts" +
                      queue + kAppSink + "audio");
}

struct ProbedPacket {
    bool video = false;
    double pts = 0;  // seconds
    double dts = 0;
    bool keyframe = false;
};

inline std::string output_of(const std::string& command) {
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (!pipe) throw std::runtime_error("popen");
    std::string text;
    char part[4096];
    while (const std::size_t size = ::fread(part, 1, sizeof part, pipe)) text.append(part, size);
    ::pclose(pipe);
    return text;
}

// What ffprobe finds. Throws when it has anything to say besides.
inline std::vector<ProbedPacket> probe_packets(const std::string& file) {
    const std::string text = output_of(
        "ffprobe -v warning -show_entries packet=codec_type,pts_time,dts_time,flags -of csv=p=0 '" +
        file + "'");
    std::vector<ProbedPacket> packets;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::replace(line.begin(), line.end(), ',', ' ');
        std::istringstream words(line);
        std::string type;
        std::string flags;
        ProbedPacket packet;
        if (line.empty()) continue;
        if (!(words >> type >> packet.pts >> packet.dts >> flags)) {
            throw std::runtime_error("ffprobe " + file + ": " + line);
        }
        packet.video = type == "video";
        packet.keyframe = flags.find('K') != flags.npos;
        packets.push_back(packet);
    }
    return packets;
}

// What ffmpeg says when it decodes everything: nothing, if all is well.
inline std::string decode_errors(const std::string& file) {
    return output_of("ffmpeg -nostdin -v warning -i '" + file + "' -f null -");
}

}  // namespace weir::test
