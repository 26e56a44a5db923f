// SPDX-License-Identifier: MIT
// Encodes drawn pictures and sound on the grid, as fast as it goes, and keeps what comes out.
// Threads: one owner; the drawing is done on the owner's thread.
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/audio/audio.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/callback.hpp"
#include "base/pipeline.hpp"
#include "encode/encoder_ladder.hpp"
#include "media/grid.hpp"

namespace weir::test {

struct AccessUnit {
    media::MediaTime pts{};  // running time
    bool key = false;
    std::vector<std::uint8_t> bytes;
};

// Fills an I420 picture.
using Draw = std::function<void(std::int64_t frame, std::vector<std::uint8_t>& picture)>;

// Noise below an edge that moves; another seed every `cut` frames makes a hard cut.
inline Draw noise(int width, int height, int amplitude, std::int64_t cut) {
    return [=](std::int64_t frame, std::vector<std::uint8_t>& picture) {
        auto seed = static_cast<std::uint32_t>(frame / cut * 7919 + 1);
        const auto luma = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
        const int base = static_cast<int>(frame / cut % 5) * 40 + 40;
        if (amplitude > 60) seed += static_cast<std::uint32_t>(frame) * 31U;  // new in every frame
        for (std::size_t i = 0; i < picture.size(); ++i) {
            seed = seed * 1664525U + 1013904223U;
            const int value = i < luma ? base : 128;
            const int random = static_cast<int>(seed >> 24) * amplitude / 256;
            picture[i] = static_cast<std::uint8_t>(std::clamp(value + random, 16, 235));
        }
    };
}

class LadderRun {
public:
    struct Options {
        EncoderLadder ladder;
        Rational frame_rate{25, 1};
        int width = 64;
        int height = 36;
        std::int64_t first_frame = 0;  // on the grid
        std::int64_t frames = 100;
        Draw draw;
        bool loud = false;                         // noise instead of a tone
        std::int64_t audio_frames_more = 0;        // AAC frames behind the video's end
        std::function<bool(std::int64_t)> wanted;  // leaves frames out where false
    };

    explicit LadderRun(Options options) : options_(std::move(options)), pipeline_("ladder-run") {
        if (!options_.draw) options_.draw = noise(options_.width, options_.height, 20, 1'000'000);
        pipeline_.on_message([this](GstMessage* message) { on_message(message); });
        auto ladder = encode::make_encoder_ladder(options_.ladder, options_.frame_rate);
        if (!ladder) throw std::runtime_error(ladder.error().message);
        ladder_ = ladder->get();
        gst_bin_add(pipeline_.bin(), ladder_);
        video_ = source("video", video_caps());
        if (!options_.ladder.audio.empty()) {
            audio_ = source("audio", audio_caps());
            tee_ = pipeline_.add("tee").value();
            const auto name = "audio_" + options_.ladder.audio.front().name;
            gst_element_link_pads(ladder_, name.c_str(), tee_, "sink");
            record(name);
        }
        for (const auto& rendition : options_.ladder.video) record("video_" + rendition.name);
    }

    // Where a rendition goes: an element with pads "video" and perhaps "audio", or a bare sink.
    void connect(const std::string& rendition, base::ObjectPtr<GstElement> element) {
        GstElement* sink = element.get();
        gst_bin_add(pipeline_.bin(), sink);
        gst_element_link_pads(ladder_, ("video_" + rendition).c_str(), sink, "video");
        if (tee_) gst_element_link_pads(tee_, nullptr, sink, "audio");
    }

    // Where one pad goes, "video_720p" or "audio_aac": an element with a pad "sink".
    void connect_track(const std::string& pad, base::ObjectPtr<GstElement> element) {
        gst_bin_add(pipeline_.bin(), element.get());
        const bool shared = tee_ && pad == "audio_" + options_.ladder.audio.front().name;
        gst_element_link_pads(shared ? tee_ : ladder_, shared ? nullptr : pad.c_str(),
                              element.get(), "sink");
    }

    // Without segmenters: keeps the access units only.
    void discard_all() {
        const auto link = [this](GstElement* from, const char* pad, const char* caps) {
            GstElement* filter = pipeline_.add("capsfilter").value();
            GstElement* sink = pipeline_.add("fakesink").value();
            g_object_set(filter, "caps", base::adopt_mini(gst_caps_from_string(caps)).get(),
                         nullptr);
            g_object_set(sink, "sync", FALSE, "async", FALSE, nullptr);
            gst_element_link_pads(from, pad, filter, "sink");
            gst_element_link(filter, sink);
        };
        for (const auto& rendition : options_.ladder.video) {
            link(ladder_, ("video_" + rendition.name).c_str(),
                 "video/x-h264,stream-format=byte-stream");
        }
        if (tee_) link(tee_, nullptr, "audio/mpeg");
        for (std::size_t i = 1; i < options_.ladder.audio.size(); ++i) {
            link(ladder_, ("audio_" + options_.ladder.audio[i].name).c_str(), "audio/mpeg");
        }
    }

    // Feeds everything and waits for the end. False: an error, or no end in a minute.
    bool run() {
        if (!pipeline_.start()) return false;
        feed();
        const bool in_time =
            ended_.get_future().wait_for(std::chrono::minutes(1)) == std::future_status::ready;
        stop();
        return in_time && error_.empty();
    }

    void stop() {
        gst_element_set_state(pipeline_.element(), GST_STATE_NULL);
        gst_element_get_state(pipeline_.element(), nullptr, nullptr, GST_CLOCK_TIME_NONE);
    }

    [[nodiscard]] const std::string& error() const { return error_; }
    [[nodiscard]] media::MediaTime time(std::int64_t frame) const {
        return grid().frame_time(options_.first_frame + frame);
    }
    [[nodiscard]] media::Grid grid() const {
        return {options_.frame_rate, std::chrono::seconds(1)};
    }
    // Of a pad: "video_720p", "audio_aac". After run().
    [[nodiscard]] const std::vector<AccessUnit>& units(const std::string& pad) const {
        return units_.at(pad);
    }
    [[nodiscard]] base::MiniPtr<GstCaps> caps(const std::string& pad) const {
        const auto& caps = caps_.at(pad);
        return base::borrow_mini(caps.get());
    }
    // The first AAC frame that begins at or after the first picture.
    [[nodiscard]] std::int64_t first_aac_frame() const {
        const auto rate = options_.ladder.audio.front().sample_rate;
        const auto sample = media::sample_at_or_after(time(0), rate);
        return (sample + media::kAacFrameSamples - 1) / media::kAacFrameSamples;
    }

private:
    base::MiniPtr<GstCaps> video_caps() const {
        return base::adopt_mini(gst_caps_new_simple(
            "video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, options_.width,
            "height", G_TYPE_INT, options_.height, "framerate", GST_TYPE_FRACTION,
            static_cast<int>(options_.frame_rate.numerator),
            static_cast<int>(options_.frame_rate.denominator), "pixel-aspect-ratio",
            GST_TYPE_FRACTION, 1, 1, "interlace-mode", G_TYPE_STRING, "progressive", "colorimetry",
            G_TYPE_STRING, "bt709", nullptr));
    }
    base::MiniPtr<GstCaps> audio_caps() const {
        const auto& audio = options_.ladder.audio.front();
        GstAudioInfo info;
        gst_audio_info_set_format(&info, GST_AUDIO_FORMAT_F32LE, audio.sample_rate, audio.channels,
                                  nullptr);
        return base::adopt_mini(gst_audio_info_to_caps(&info));
    }

    GstElement* source(const char* pad, const base::MiniPtr<GstCaps>& caps) {
        GstElement* source = pipeline_.add("appsrc").value();
        g_object_set(source, "caps", caps.get(), "format", GST_FORMAT_TIME, "max-bytes", guint64{0},
                     nullptr);
        gst_element_link_pads(source, "src", ladder_, pad);
        return source;
    }

    void record(const std::string& name) {
        const auto pad = base::adopt_object(gst_element_get_static_pad(ladder_, name.c_str()));
        auto& units = units_[name];
        auto& caps = caps_[name];
        const auto type = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                       GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
        base::add_probe(
            pad.get(), type,
            [&units, &caps, segment = GstSegment()](GstPad*, GstPadProbeInfo* info) mutable {
                if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) == 0) {
                    GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
                    if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
                        gst_event_copy_segment(event, &segment);
                    }
                    GstCaps* now = nullptr;
                    if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) gst_event_parse_caps(event, &now);
                    if (now) caps = base::borrow_mini(now);
                    return GST_PAD_PROBE_OK;
                }
                GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
                GstMapInfo map;
                if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
                const auto running =
                    gst_segment_to_running_time(&segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
                units.push_back({media::MediaTime(static_cast<std::int64_t>(running)),
                                 !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT),
                                 {map.data, map.data + map.size}});
                gst_buffer_unmap(buffer, &map);
                return GST_PAD_PROBE_OK;
            });
    }

    void on_message(GstMessage* message) {
        const auto type = GST_MESSAGE_TYPE(message);
        if (type != GST_MESSAGE_ERROR && type != GST_MESSAGE_EOS) return;
        if (type == GST_MESSAGE_EOS &&
            GST_MESSAGE_SRC(message) != GST_OBJECT(pipeline_.element())) {
            return;
        }
        if (over_.exchange(true)) return;
        if (type == GST_MESSAGE_ERROR) error_ = base::message_text(message);
        ended_.set_value();
    }

    void feed() {
        for (std::int64_t i = 0; i < options_.frames; ++i) {
            if (!options_.wanted || options_.wanted(i)) push_frame(i);
            if (audio_) push_audio_until(time(i + 1));
        }
        if (audio_) push_audio_until(time(options_.frames), options_.audio_frames_more);
        gst_app_src_end_of_stream(GST_APP_SRC(video_));
        if (audio_) gst_app_src_end_of_stream(GST_APP_SRC(audio_));
    }

    template <class T>
    static void push(GstElement* source, const std::vector<T>& data, media::MediaTime begin,
                     media::MediaTime end) {
        const auto size = data.size() * sizeof(T);
        GstBuffer* buffer = gst_buffer_new_allocate(nullptr, size, nullptr);
        gst_buffer_fill(buffer, 0, data.data(), size);
        GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(begin.count());
        GST_BUFFER_DURATION(buffer) = static_cast<GstClockTime>((end - begin).count());
        gst_app_src_push_buffer(GST_APP_SRC(source), buffer);
    }

    void push_frame(std::int64_t i) {
        const auto size = static_cast<std::size_t>(options_.width) *
                          static_cast<std::size_t>(options_.height) * 3 / 2;
        std::vector<std::uint8_t> picture(size);
        options_.draw(i, picture);
        push(video_, picture, time(i), time(i + 1));
    }

    void push_audio_until(media::MediaTime end, std::int64_t more = 0) {
        const auto& audio = options_.ladder.audio.front();
        if (next_aac_ < 0) next_aac_ = first_aac_frame();
        const auto begins = [&](std::int64_t frame) {
            return media::sample_time(frame * media::kAacFrameSamples, audio.sample_rate);
        };
        while (begins(next_aac_) < end || more-- > 0) {
            std::vector<float> samples;
            for (int i = 0; i < media::kAacFrameSamples; ++i) {
                const auto n =
                    static_cast<double>(next_aac_ % 1'000'000 * media::kAacFrameSamples + i);
                seed_ = seed_ * 1664525U + 1013904223U;
                const auto value = options_.loud
                                       ? static_cast<float>(seed_ >> 8) / float(1 << 23) - 1.0F
                                       : static_cast<float>(0.3 * std::sin(n * 0.06));
                for (int c = 0; c < audio.channels; ++c) samples.push_back(value);
            }
            push(audio_, samples, begins(next_aac_), begins(next_aac_ + 1));
            ++next_aac_;
        }
    }

    Options options_;
    std::map<std::string, std::vector<AccessUnit>> units_;
    std::map<std::string, base::MiniPtr<GstCaps>> caps_;
    std::promise<void> ended_;
    std::atomic<bool> over_{false};
    std::string error_;
    std::int64_t next_aac_ = -1;
    std::uint32_t seed_ = 1;
    base::Pipeline pipeline_;  // last: its threads use all above
    GstElement* ladder_ = nullptr;
    GstElement* video_ = nullptr;
    GstElement* audio_ = nullptr;
    GstElement* tee_ = nullptr;
};

}  // namespace weir::test
