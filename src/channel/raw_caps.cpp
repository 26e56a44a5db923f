// SPDX-License-Identifier: MIT
#include "channel/raw_caps.hpp"

#include <gst/audio/audio.h>
#include <gst/video/video.h>

namespace weir::channel {

using base::adopt_mini;

base::MiniPtr<GstCaps> raw_video_caps(const media::RawFormat& format, const Rational& frame_rate) {
    return adopt_mini(gst_caps_new_simple(
        "video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, format.width, "height",
        G_TYPE_INT, format.height, "framerate", GST_TYPE_FRACTION,
        static_cast<int>(frame_rate.numerator), static_cast<int>(frame_rate.denominator),
        "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, "interlace-mode", G_TYPE_STRING,
        "progressive", "colorimetry", G_TYPE_STRING, "bt709", nullptr));
}

base::MiniPtr<GstCaps> raw_audio_caps(const media::RawFormat& format) {
    GstAudioInfo info;
    gst_audio_info_set_format(&info, GST_AUDIO_FORMAT_F32LE, format.sample_rate, format.channels,
                              nullptr);
    return adopt_mini(gst_audio_info_to_caps(&info));
}

}  // namespace weir::channel
