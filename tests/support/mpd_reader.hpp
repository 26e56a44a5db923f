// SPDX-License-Identifier: MIT
// Reads an MPD with pugixml as a player does, for tests: which segments there are, where they are
// and when. Shares no code with what writes them.
// Threads: as a value.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <pugixml.hpp>

namespace weir::test {

struct MpdSegment {
    std::int64_t number = 0;
    std::int64_t time = 0;  // media time in the representation's timescale
    std::int64_t duration = 0;
    std::string uri;
};

struct MpdRepresentation {
    std::string id;
    std::int64_t timescale = 1;
    std::int64_t presentation_time_offset = 0;
    std::int64_t start_number = 1;
    std::optional<std::int64_t> duration;  // @duration: $Number$ without a timeline
    std::string initialization;
    std::string media;
    std::vector<MpdSegment> timeline;

    [[nodiscard]] std::string uri(std::int64_t number) const {
        std::string result;
        for (std::size_t i = 0; i < media.size();) {
            if (media[i] != '$') {
                result += media[i++];
                continue;
            }
            const std::size_t end = media.find('$', i + 1);
            const std::string name = media.substr(i + 1, end - i - 1);
            if (name.empty()) result += '$';
            if (name == "Number") result += std::to_string(number);
            if (name == "RepresentationID") result += id;
            i = end + 1;
        }
        return result;
    }
};

struct MpdPeriod {
    std::string id;
    std::chrono::nanoseconds start{};
    std::optional<std::chrono::nanoseconds> duration;
    std::vector<MpdRepresentation> representations;

    [[nodiscard]] const MpdRepresentation* find(const std::string& name) const {
        for (const MpdRepresentation& each : representations) {
            if (each.id == name) return &each;
        }
        return nullptr;
    }
};

struct Mpd {
    bool valid = false;  // well-formed XML
    bool dynamic = false;
    std::map<std::string, std::string> attributes;
    std::vector<MpdPeriod> periods;
};

// "PT12.000000001S"; digits only, so that nothing is rounded.
inline std::chrono::nanoseconds read_mpd_duration(const std::string& text) {
    std::int64_t value = 0;
    int places = -1;
    for (const char c : text) {
        if (c == '.') places = 0;
        if (c < '0' || c > '9') continue;
        value = value * 10 + (c - '0');
        if (places >= 0) ++places;
    }
    for (int i = places < 0 ? 0 : places; i < 9; ++i) value *= 10;
    return std::chrono::nanoseconds(value);
}

namespace detail {

// The attribute of the lower SegmentTemplate, else of the upper one.
inline std::string inherited(const pugi::xml_node& set, const pugi::xml_node& representation,
                             const char* name) {
    const auto own = representation.child("SegmentTemplate").attribute(name);
    return own ? own.value() : set.child("SegmentTemplate").attribute(name).value();
}

inline MpdRepresentation read_representation(const pugi::xml_node& set,
                                             const pugi::xml_node& node) {
    MpdRepresentation result;
    result.id = node.attribute("id").value();
    const auto number = [&](const char* name) {
        return std::strtoll(inherited(set, node, name).c_str(), nullptr, 10);
    };
    result.timescale = number("timescale");
    result.presentation_time_offset = number("presentationTimeOffset");
    result.start_number = number("startNumber");
    if (!inherited(set, node, "duration").empty()) result.duration = number("duration");
    result.initialization = inherited(set, node, "initialization");
    result.media = inherited(set, node, "media");
    auto timeline = node.child("SegmentTemplate").child("SegmentTimeline");
    if (!timeline) timeline = set.child("SegmentTemplate").child("SegmentTimeline");
    std::int64_t time = 0;
    std::int64_t next = result.start_number;
    for (const pugi::xml_node& s : timeline.children("S")) {
        if (s.attribute("t")) time = s.attribute("t").as_llong();
        for (std::int64_t i = 0; i <= s.attribute("r").as_llong(); ++i, ++next) {
            const std::int64_t duration = s.attribute("d").as_llong();
            result.timeline.push_back({next, time, duration, result.uri(next)});
            time += duration;
        }
    }
    return result;
}

}  // namespace detail

inline Mpd read_mpd(const std::string& text) {
    Mpd mpd;
    pugi::xml_document document;
    mpd.valid = document.load_string(text.c_str());
    const pugi::xml_node root = document.child("MPD");
    for (const pugi::xml_attribute& each : root.attributes()) {
        mpd.attributes[each.name()] = each.value();
    }
    mpd.dynamic = mpd.attributes["type"] == "dynamic";
    for (const pugi::xml_node& node : root.children("Period")) {
        MpdPeriod period;
        period.id = node.attribute("id").value();
        period.start = read_mpd_duration(node.attribute("start").value());
        if (node.attribute("duration")) {
            period.duration = read_mpd_duration(node.attribute("duration").value());
        }
        for (const pugi::xml_node& set : node.children("AdaptationSet")) {
            for (const pugi::xml_node& each : set.children("Representation")) {
                period.representations.push_back(detail::read_representation(set, each));
            }
        }
        mpd.periods.push_back(std::move(period));
    }
    return mpd;
}

}  // namespace weir::test
