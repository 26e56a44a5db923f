// SPDX-License-Identifier: MIT
#include "channel/programme.hpp"

#include <cstdio>
#include <ctime>
#include <utility>

#include "channel/encoded_programme.hpp"
#include "channel/passthrough_programme.hpp"

namespace weir::channel {

using media::MediaTime;

std::shared_ptr<Programme> make_programme(const ChannelConfig& config, ProgrammeContext context,
                                          ProgrammeEvents events) {
    if (config.ladder.video.empty()) {
        return std::make_shared<PassthroughProgramme>(config, std::move(context),
                                                      std::move(events));
    }
    return std::make_shared<EncodedProgramme>(config, std::move(context), std::move(events));
}

std::string programme_id(MediaTime start) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(start);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(ms);
    const std::time_t time = seconds.count();
    std::tm utc{};
    gmtime_r(&time, &utc);
    char date[32];
    std::strftime(date, sizeof date, "%Y%m%dT%H%M%S", &utc);
    char text[48];
    std::snprintf(text, sizeof text, "%s%03dZ", date, static_cast<int>((ms - seconds).count()));
    return text;
}

std::int64_t first_discontinuity(MediaTime start, const Continuation& continuation) {
    return std::max(media::discontinuity_base(start), continuation.discontinuity_sequence);
}

}  // namespace weir::channel
