// SPDX-License-Identifier: MIT
#include "encode/encoder_ladder.hpp"

#include <gst/video/video.h>

#include <algorithm>
#include <optional>

#include "base/callback.hpp"
#include "base/pipeline.hpp"
#include "encode/audio_encoder.hpp"
#include "encode/video_encoder.hpp"

namespace weir::encode {

using base::adopt_object;
using base::ObjectPtr;

namespace {

// Raw frames waiting for one rendition: the renditions share their memory, and one that is slow for
// a moment must not stop the others at once.
constexpr guint kRawFrames = 4;

// A forced IDR before the first frame of each GOP, for all renditions at once. Pushed from the
// probe on the frame itself, so it can neither overtake nor miss it; without a running time,
// because x264enc's base class ignores every later event that has one.
void force_keyframes(GstPad* pad, std::chrono::nanoseconds gop) {
    struct State {
        GstSegment segment;
        std::optional<std::int64_t> last;
        guint count = 0;
    };
    const auto state = std::make_shared<State>();
    gst_segment_init(&state->segment, GST_FORMAT_TIME);
    const auto type = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                   GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
    base::add_probe(pad, type, [state, gop](GstPad* self, GstPadProbeInfo* info) {
        if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) == 0) {
            GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
            if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
                gst_event_copy_segment(event, &state->segment);
            }
            return GST_PAD_PROBE_OK;
        }
        const auto running = gst_segment_to_running_time(
            &state->segment, GST_FORMAT_TIME, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)));
        if (running == GST_CLOCK_TIME_NONE) return GST_PAD_PROBE_OK;
        const auto index = static_cast<std::int64_t>(running) / gop.count();
        if (state->last == index) return GST_PAD_PROBE_OK;
        state->last = index;
        gst_pad_send_event(self, gst_video_event_new_downstream_force_key_unit(
                                     GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE,
                                     TRUE, state->count++));
        return GST_PAD_PROBE_OK;
    });
}

void add_ghost(GstBin* bin, GstElement* element, const char* pad, const std::string& name) {
    const auto target = adopt_object(gst_element_get_static_pad(element, pad));
    gst_element_add_pad(GST_ELEMENT(bin), gst_ghost_pad_new(name.c_str(), target.get()));
}

// How many frames an encoder's delay must be below.
int delay_limit(const EncoderLadder& ladder, const Rational& frame_rate,
                std::optional<std::chrono::nanoseconds> longest_delay) {
    const auto frames = [&](std::chrono::nanoseconds time) {
        return static_cast<double>(time.count()) / 1e9 * frame_rate.as_double();
    };
    double limit = frames(ladder.gop);
    // limit_delay() leaves room for two.
    if (longest_delay) limit = std::min(limit, std::max(frames(*longest_delay) + 2, 4.0));
    return static_cast<int>(std::clamp(limit, 1.0, 100'000.0));
}

Result<void> add_video(GstBin* bin, const EncoderLadder& ladder, const Rational& frame_rate,
                       std::optional<std::chrono::nanoseconds> longest_delay) {
    auto tee = base::make_gst_element("tee");
    if (!tee) return tee.error();
    gst_bin_add(bin, *tee);
    force_keyframes(adopt_object(gst_element_get_static_pad(*tee, "sink")).get(), ladder.gop);
    add_ghost(bin, *tee, "sink", "video");
    const int limit = delay_limit(ladder, frame_rate, longest_delay);
    for (const auto& rendition : ladder.video) {
        auto encoder = make_video_encoder(rendition, ladder);
        if (!encoder) return encoder.error();
        auto queue = base::make_gst_element("queue");
        if (!queue) return queue.error();
        g_object_set(*queue, "max-size-buffers", kRawFrames, "max-size-time", guint64{0},
                     "max-size-bytes", 0U, nullptr);
        GstElement* element = encoder->get();
        gst_bin_add_many(bin, *queue, element, nullptr);
        gst_element_link_many(*tee, *queue, element, nullptr);
        add_ghost(bin, element, "src", "video_" + rendition.name);
        limit_delay(element, rendition, ladder.preset, limit);
    }
    return {};
}

Result<void> add_audio(GstBin* bin, const EncoderLadder& ladder) {
    auto tee = base::make_gst_element("tee");
    if (!tee) return tee.error();
    gst_bin_add(bin, *tee);
    add_ghost(bin, *tee, "sink", "audio");
    for (const auto& rendition : ladder.audio) {
        auto encoder = make_audio_encoder(rendition);
        if (!encoder) return encoder.error();
        GstElement* element = encoder->get();
        gst_bin_add(bin, element);
        gst_element_link(*tee, element);
        add_ghost(bin, element, "src", "audio_" + rendition.name);
    }
    return {};
}

}  // namespace

Result<ObjectPtr<GstElement>> make_encoder_ladder(
    const EncoderLadder& ladder, const Rational& frame_rate,
    std::optional<std::chrono::nanoseconds> longest_delay) {
    auto bin = adopt_object(gst_bin_new(nullptr));
    if (auto made = add_video(GST_BIN(bin.get()), ladder, frame_rate, longest_delay); !made)
        return made.error();
    if (!ladder.audio.empty()) {
        if (auto made = add_audio(GST_BIN(bin.get()), ladder); !made) return made.error();
    }
    return bin;
}

}  // namespace weir::encode
