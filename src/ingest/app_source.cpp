// SPDX-License-Identifier: MIT
#include "ingest/app_source.hpp"

#include <gst/app/gstappsrc.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "ingest/pad_source.hpp"
#include "ingest/play.hpp"

namespace weir {

namespace ingest {

using base::adopt_mini;
using base::adopt_object;
using media::UnitKind;
using std::chrono::nanoseconds;

namespace {

constexpr guint64 kRoom = 250 * GST_MSECOND;  // of media, before a push waits

bool is_encoded(const std::string& format) {
    return format == "h264" || format == "hevc" || format == "aac";
}

Error wrong(std::string message) {
    return {ErrorCode::invalid_argument, std::move(message)};
}

// Rows of one plane without the padding that GStreamer has between them.
struct Plane {
    std::size_t rows;
    std::size_t row_bytes;
};

Plane plane_of(const GstVideoInfo& info, guint plane) {
    Plane result{};
    for (guint c = 0; c < GST_VIDEO_INFO_N_COMPONENTS(&info); ++c) {
        if (GST_VIDEO_INFO_COMP_PLANE(&info, c) != plane) continue;
        const auto width = static_cast<std::size_t>(GST_VIDEO_INFO_COMP_WIDTH(&info, c));
        const auto step = static_cast<std::size_t>(GST_VIDEO_INFO_COMP_PSTRIDE(&info, c));
        result.rows = static_cast<std::size_t>(GST_VIDEO_INFO_COMP_HEIGHT(&info, c));
        result.row_bytes = std::max(result.row_bytes, width * step);
    }
    return result;
}

std::size_t tight_size(const GstVideoInfo& info) {
    std::size_t size = 0;
    for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES(&info); ++p) {
        size += plane_of(info, p).rows * plane_of(info, p).row_bytes;
    }
    return size;
}

Result<void> make_video(const AppFormat& format, HostMedia::Formats& formats) {
    if (format.video == "h264" || format.video == "hevc") {
        const std::string codec = format.video == "h264" ? "x-h264" : "x-h265";
        formats.video_caps = adopt_mini(gst_caps_from_string(
            ("video/" + codec + ",stream-format=byte-stream,alignment=au").c_str()));
        return {};
    }
    const auto known = gst_video_format_from_string(format.video.c_str());
    if (known == GST_VIDEO_FORMAT_UNKNOWN || known == GST_VIDEO_FORMAT_ENCODED) {
        return wrong("video: \"" + format.video.substr(0, 40) +
                     "\" is neither h264, hevc nor one of GStreamer's raw formats");
    }
    const auto* details = gst_video_format_get_info(known);
    if (GST_VIDEO_FORMAT_INFO_IS_COMPLEX(details) || GST_VIDEO_FORMAT_INFO_IS_TILED(details) ||
        GST_VIDEO_FORMAT_INFO_HAS_PALETTE(details)) {
        return wrong("video: " + format.video + " has no plain rows of pixels");
    }
    constexpr int kMaxSize = 16'384;
    if (format.width < 1 || format.width > kMaxSize) return wrong("width: must be 1 to 16384");
    if (format.height < 1 || format.height > kMaxSize) return wrong("height: must be 1 to 16384");
    const Rational rate = format.frame_rate;
    if (rate.numerator < 1 || rate.denominator < 1 || rate.numerator > G_MAXINT ||
        rate.denominator > G_MAXINT) {
        return wrong("frame_rate: must be positive");
    }
    GstVideoInfo info;
    gst_video_info_set_format(&info, known, static_cast<guint>(format.width),
                              static_cast<guint>(format.height));
    GST_VIDEO_INFO_FPS_N(&info) = static_cast<int>(rate.numerator);
    GST_VIDEO_INFO_FPS_D(&info) = static_cast<int>(rate.denominator);
    // Or small pictures would be taken for BT.601.
    if (GST_VIDEO_FORMAT_INFO_IS_YUV(details)) {
        gst_video_colorimetry_from_string(&info.colorimetry, "bt709");
    }
    formats.video_caps = adopt_mini(gst_video_info_to_caps(&info));
    formats.picture = info;
    return {};
}

Result<void> make_audio(const AppFormat& format, HostMedia::Formats& formats) {
    if (format.audio == "aac") {
        formats.audio_caps = adopt_mini(
            gst_caps_from_string("audio/mpeg,mpegversion=4,stream-format=adts,framed=true"));
        return {};
    }
    const auto known = gst_audio_format_from_string(format.audio.c_str());
    if (known == GST_AUDIO_FORMAT_UNKNOWN || known == GST_AUDIO_FORMAT_ENCODED) {
        return wrong("audio: \"" + format.audio.substr(0, 40) +
                     "\" is neither aac nor one of GStreamer's raw formats");
    }
    if (format.sample_rate < 8000 || format.sample_rate > 192'000) {
        return wrong("sample_rate: must be 8000 to 192000");
    }
    if (format.channels < 1 || format.channels > 8) return wrong("channels: must be 1 to 8");
    GstAudioInfo info;
    gst_audio_info_set_format(&info, known, format.sample_rate, format.channels, nullptr);
    formats.audio_caps = adopt_mini(gst_audio_info_to_caps(&info));
    formats.sound = info;
    return {};
}

base::MiniPtr<GstBuffer> copied(std::span<const std::byte> bytes) {
    auto buffer = adopt_mini(gst_buffer_new_allocate(nullptr, bytes.size(), nullptr));
    if (buffer) gst_buffer_fill(buffer.get(), 0, bytes.data(), bytes.size());
    return buffer;
}

}  // namespace

HostMedia::HostMedia(AppFormat format, Formats formats)
    : format_(std::move(format)), formats_(std::move(formats)) {}

void HostMedia::open(std::shared_ptr<Door> door) {
    const std::lock_guard lock(mutex_);
    door_ = std::move(door);
}

void HostMedia::close(const std::shared_ptr<Door>& door) {
    const std::lock_guard lock(mutex_);
    if (door_ == door) door_ = nullptr;
}

std::shared_ptr<HostMedia::Door> HostMedia::door() const {
    const std::lock_guard lock(mutex_);
    return door_;
}

Result<void> HostMedia::check_times(nanoseconds pts, nanoseconds dts) const {
    if (pts.count() < 0) return wrong("pts: must not be negative");
    if (dts.count() < 0) return wrong("dts: must not be negative");
    return {};
}

Result<base::MiniPtr<GstBuffer>> HostMedia::picture(std::span<const std::byte> bytes) const {
    if (!formats_.picture) return copied(bytes);
    const GstVideoInfo& info = *formats_.picture;
    if (bytes.size() != tight_size(info)) {
        return wrong("picture: must have " + std::to_string(tight_size(info)) + " bytes, has " +
                     std::to_string(bytes.size()));
    }
    auto buffer = adopt_mini(gst_buffer_new_allocate(nullptr, info.size, nullptr));
    GstVideoFrame frame;
    if (!buffer || !gst_video_frame_map(&frame, &info, buffer.get(), GST_MAP_WRITE)) {
        return Error{ErrorCode::internal, "no memory for a picture"};
    }
    for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES(&info); ++p) {
        const Plane plane = plane_of(info, p);
        auto* row = static_cast<std::byte*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, p));
        for (std::size_t y = 0; y < plane.rows; ++y) {
            std::copy_n(bytes.data(), plane.row_bytes, row);
            bytes = bytes.subspan(plane.row_bytes);
            row += GST_VIDEO_FRAME_PLANE_STRIDE(&frame, p);
        }
    }
    gst_video_frame_unmap(&frame);
    GST_BUFFER_DURATION(buffer.get()) = gst_util_uint64_scale_int(
        GST_SECOND, GST_VIDEO_INFO_FPS_D(&info), GST_VIDEO_INFO_FPS_N(&info));
    return buffer;
}

Result<void> HostMedia::push_video(nanoseconds pts, std::span<const std::byte> picture) {
    return push_video(pts, pts, picture);
}

Result<void> HostMedia::push_video(nanoseconds pts, nanoseconds dts,
                                   std::span<const std::byte> access_unit) {
    if (!formats_.video_caps) return wrong("video: this source has none");
    if (auto checked = check_times(pts, dts); !checked) return checked;
    auto buffer = picture(access_unit);
    if (!buffer) return buffer.error();
    GST_BUFFER_PTS(buffer->get()) = static_cast<GstClockTime>(pts.count());
    GST_BUFFER_DTS(buffer->get()) =
        static_cast<GstClockTime>((formats_.picture ? pts : dts).count());
    return push(UnitKind::video, std::move(*buffer), nullptr);
}

Result<void> HostMedia::push_audio(nanoseconds pts, std::span<const std::byte> samples) {
    if (!formats_.audio_caps) return wrong("audio: this source has none");
    if (auto checked = check_times(pts, pts); !checked) return checked;
    const std::size_t frame =
        formats_.sound ? static_cast<std::size_t>(GST_AUDIO_INFO_BPF(&*formats_.sound)) : 1;
    if (samples.empty() || samples.size() % frame != 0) {
        return wrong("samples: must be a multiple of " + std::to_string(frame) + " bytes, has " +
                     std::to_string(samples.size()));
    }
    auto buffer = copied(samples);
    if (!buffer) return Error{ErrorCode::internal, "no memory for samples"};
    GST_BUFFER_PTS(buffer.get()) = static_cast<GstClockTime>(pts.count());
    GST_BUFFER_DTS(buffer.get()) = static_cast<GstClockTime>(pts.count());
    if (formats_.sound) {
        GST_BUFFER_DURATION(buffer.get()) = gst_util_uint64_scale_int(
            samples.size() / frame, GST_SECOND, GST_AUDIO_INFO_RATE(&*formats_.sound));
    }
    return push(UnitKind::audio, std::move(buffer), nullptr);
}

Result<void> HostMedia::push_sample(GstSample* sample) {
    GstBuffer* buffer = sample ? gst_sample_get_buffer(sample) : nullptr;
    const GstCaps* caps = sample ? gst_sample_get_caps(sample) : nullptr;
    if (!buffer || !caps || !gst_caps_is_fixed(caps)) {
        return wrong("sample: must have a buffer and caps");
    }
    if (!GST_BUFFER_PTS_IS_VALID(buffer)) return wrong("sample: must have a time (PTS)");
    const std::string name = gst_structure_get_name(gst_caps_get_structure(caps, 0));
    for (const UnitKind kind : {UnitKind::video, UnitKind::audio}) {
        const auto& own = kind == UnitKind::video ? formats_.video_caps : formats_.audio_caps;
        if (own && name == gst_structure_get_name(gst_caps_get_structure(own.get(), 0))) {
            return push(kind, base::borrow_mini(buffer), sample);
        }
    }
    return wrong("sample: \"" + name + "\" is not what this source was created for");
}

Result<void> HostMedia::push(UnitKind kind, base::MiniPtr<GstBuffer> buffer, GstSample* sample) {
    const auto door = this->door();
    GstElement* element =
        !door ? nullptr : (kind == UnitKind::video ? door->video : door->audio).get();
    if (!element) return {};  // nobody takes it
    GstAppSrc* source = GST_APP_SRC(element);
    door->used = true;
    if (!format_.block && gst_app_src_get_current_level_time(source) >= kRoom) {
        return Error{ErrorCode::unavailable, "there is no room"};
    }
    // Anything but success means that the source is going: dropped, like all that comes without
    // one.
    if (sample) {
        gst_app_src_push_sample(source, sample);
    } else {
        gst_app_src_push_buffer(source, buffer.release());
    }
    return {};
}

void HostMedia::end() {
    const auto door = this->door();
    if (!door || !door->used) return;
    close(door);
    for (const auto* element : {&door->video, &door->audio}) {
        if (*element) gst_app_src_end_of_stream(GST_APP_SRC(element->get()));
    }
}

namespace {

class AppInputSource final : public PadSource {
public:
    AppInputSource(AppInput config, const Delivery& delivery, SourceEvents events)
        : PadSource("weir-app", delivery, std::move(events)),
          media_(std::dynamic_pointer_cast<HostMedia>(config.source)),
          no_audio_(!delivery.units && delivery.format.sample_rate == 0) {}
    ~AppInputSource() override {
        if (media_) media_->close(door_);
        shut_down();
    }

    Result<void> start() override {
        if (!media_) {
            return Error{ErrorCode::invalid_argument, "was not made by AppSource::create"};
        }
        const auto& formats = media_->formats();
        const auto& format = media_->format();
        if (formats.video_caps) {
            auto made = make(formats.video_caps.get(), is_encoded(format.video));
            if (!made) return made.error();
            door_->video = base::borrow_object(*made);
        }
        if (formats.audio_caps && !no_audio_) {
            auto made = make(formats.audio_caps.get(), is_encoded(format.audio));
            if (!made) return made.error();
            door_->audio = base::borrow_object(*made);
        }
        auto started = play(pipeline(), events().failed);
        if (started) media_->open(door_);
        return started;
    }

    bool waiting() const override { return !door_->used; }

private:
    Result<GstElement*> make(GstCaps* caps, bool encoded) {
        if (!encoded && !feed().decoder()) {
            return Error{ErrorCode::unsupported,
                         "its media is not encoded, and passthrough needs it so"};
        }
        auto source = pipeline().add("appsrc");
        if (!source) return source;
        g_object_set(*source, "format", GST_FORMAT_TIME, "caps", caps, "max-bytes", guint64{0},
                     "max-time", kRoom, "block", media_->format().block ? TRUE : FALSE, nullptr);
        const auto pad = adopt_object(gst_element_get_static_pad(*source, "src"));
        if (encoded) {
            tap().replace(pad.get(), caps);
        } else {
            feed().decoder()->take(pad.get(), caps);
        }
        return source;
    }

    const std::shared_ptr<HostMedia> media_;
    const bool no_audio_;
    const std::shared_ptr<HostMedia::Door> door_ = std::make_shared<HostMedia::Door>();
};

}  // namespace

std::unique_ptr<Source> make_source(const AppInput& config, const Delivery& delivery,
                                    SourceEvents events) {
    return std::make_unique<AppInputSource>(config, delivery, std::move(events));
}

}  // namespace ingest

Result<std::shared_ptr<AppSource>> AppSource::create(AppFormat format) {
    base::ensure_gst_initialised();
    if (format.video.empty() && format.audio.empty()) {
        return Error{ErrorCode::invalid_argument, "video: either it or audio must be given"};
    }
    ingest::HostMedia::Formats formats;
    if (!format.video.empty()) {
        if (auto made = ingest::make_video(format, formats); !made) return made.error();
    }
    if (!format.audio.empty()) {
        if (auto made = ingest::make_audio(format, formats); !made) return made.error();
    }
    return std::shared_ptr<AppSource>(
        std::make_shared<ingest::HostMedia>(std::move(format), std::move(formats)));
}

}  // namespace weir
