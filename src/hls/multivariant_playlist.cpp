// SPDX-License-Identifier: MIT
#include "hls/multivariant_playlist.hpp"

#include <algorithm>
#include <utility>

#include "hls/text.hpp"

namespace weir::hls {
namespace {

using media::MarkedText;
using media::Track;
using media::TrackKind;
using media::UriMark;

// One of each language, to be played with video or alone.
struct AudioGroup {
    std::string id;
    std::vector<const Track*> members;

    [[nodiscard]] media::Bandwidth bandwidth() const {
        media::Bandwidth largest;
        for (const Track* track : members) {
            largest.peak_bps = std::max(largest.peak_bps, track->bandwidth.peak_bps);
            largest.average_bps = std::max(largest.average_bps, track->bandwidth.average_bps);
        }
        return largest;
    }
};

// RFC 8216bis 4.4.6.1.1: every group has the same members. Where a language has fewer tracks than
// another, its last one is in the remaining groups too.
std::vector<AudioGroup> audio_groups(const std::vector<const Track*>& tracks) {
    std::vector<std::pair<std::string, std::vector<const Track*>>> languages;
    std::size_t count = 0;
    for (const Track* track : tracks) {
        auto found = std::ranges::find(
            languages, track->language, [](const auto& l) -> auto& { return l.first; });
        if (found == languages.end()) {
            found = languages.insert(languages.end(), {track->language, {}});
        }
        found->second.push_back(track);
        count = std::max(count, found->second.size());
    }
    std::vector<AudioGroup> groups(count);
    for (std::size_t i = 0; i < count; ++i) {
        groups[i].id = "audio" + (i == 0 ? std::string() : std::to_string(i + 1));
        for (const auto& [language, members] : languages) {
            groups[i].members.push_back(members[std::min(i, members.size() - 1)]);
        }
    }
    return groups;
}

void add_codecs(std::string& codecs, const std::string& more) {
    const std::string known = ',' + codecs + ',';
    std::size_t begin = 0;
    while (begin < more.size()) {
        const std::size_t end = std::min(more.find(',', begin), more.size());
        const std::string codec = more.substr(begin, end - begin);
        if (known.find(',' + codec + ',') == known.npos)
            codecs += (codecs.empty() ? "" : ",") + codec;
        begin = end + 1;
    }
}

class Maker {
public:
    Maker(const std::vector<Track>& tracks, const PlaylistNames& names,
          const MultivariantOptions& options)
        : tracks_(tracks), names_(names), options_(options) {
        for (const Track& track : tracks) {
            if (track.codecs.empty()) continue;
            (track.kind == TrackKind::audio ? audio_ : pictures_).push_back(&track);
        }
    }

    MultivariantPlaylist make() {
        playlist_.independent_segments = names_.independent_segments;
        playlist_.start = options_.start;
        const auto apart = std::ranges::find(tracks_, TrackKind::video, &Track::kind);
        playlist_.plain_pictures = apart != tracks_.end();
        const std::vector<AudioGroup> groups = audio_groups(audio_);
        if (pictures_.empty()) {
            add_audio_alone(groups);
        } else {
            for (const AudioGroup& group : groups) add_group(group);
            for (const Track* track : pictures_) add_variants(*track, groups);
            for (const Track* track : pictures_) add_i_frames(*track);
        }
        sort(playlist_.variants);
        sort(playlist_.i_frames);
        return std::move(playlist_);
    }

private:
    [[nodiscard]] std::string uri(const Track& track) const {
        return track.name + names_.media_suffix + ".m3u8";
    }

    [[nodiscard]] Variant variant(const Track& track) const {
        return {.uri = uri(track),
                .bandwidth = track.bandwidth.peak_bps,
                .average_bandwidth = track.bandwidth.average_bps,
                .codecs = track.codecs,
                .width = track.width,
                .height = track.height,
                .frame_rate = track.frame_rate};
    }

    static void join(Variant& variant, const AudioGroup& group) {
        variant.audio = group.id;
        for (const Track* member : group.members) add_codecs(variant.codecs, member->codecs);
    }

    void add_group(const AudioGroup& group) {
        for (const Track* track : group.members) {
            playlist_.audio.push_back({.uri = uri(*track),
                                       .group = group.id,
                                       .name = track->language.empty() ? "Audio" : track->language,
                                       .language = track->language,
                                       .channels = track->channels,
                                       .is_default = track == group.members.front()});
        }
    }

    void add_variants(const Track& track, const std::vector<AudioGroup>& groups) {
        if (groups.empty() || track.kind == TrackKind::muxed) {
            playlist_.variants.push_back(variant(track));
            return;
        }
        for (const AudioGroup& group : groups) {
            Variant both = variant(track);
            const media::Bandwidth audio = group.bandwidth();
            both.bandwidth += audio.peak_bps;
            if (both.average_bandwidth > 0) both.average_bandwidth += audio.average_bps;
            join(both, group);
            playlist_.variants.push_back(std::move(both));
        }
    }

    void add_audio_alone(const std::vector<AudioGroup>& groups) {
        for (const AudioGroup& group : groups) {
            Variant alone = variant(*group.members.front());
            if (group.members.size() > 1) {
                add_group(group);
                join(alone, group);
                alone.bandwidth = group.bandwidth().peak_bps;
                if (alone.average_bandwidth > 0) {
                    alone.average_bandwidth = group.bandwidth().average_bps;
                }
            }
            playlist_.variants.push_back(std::move(alone));
        }
    }

    void add_i_frames(const Track& track) {
        if (names_.i_frames_suffix.empty()) return;
        Variant frames = variant(track);
        const auto index = static_cast<std::size_t>(&track - tracks_.data());
        if (index < options_.i_frame_bandwidth.size()) {
            frames.bandwidth = options_.i_frame_bandwidth[index].peak_bps;
            frames.average_bandwidth = options_.i_frame_bandwidth[index].average_bps;
            if (frames.bandwidth == 0) return;  // none is known
        }
        frames.uri = track.name + names_.i_frames_suffix + ".m3u8";
        frames.codecs = track.codecs.substr(0, track.codecs.find(','));
        frames.frame_rate = {};
        playlist_.i_frames.push_back(std::move(frames));
    }

    void sort(std::vector<Variant>& variants) const {
        if (options_.order == VariantOrder::ascending) {
            std::ranges::stable_sort(variants, {}, &Variant::bandwidth);
        } else if (options_.order == VariantOrder::descending) {
            std::ranges::stable_sort(variants, std::greater{}, &Variant::bandwidth);
        }
    }

    const std::vector<Track>& tracks_;
    const PlaylistNames& names_;
    const MultivariantOptions& options_;
    std::vector<const Track*> audio_;
    std::vector<const Track*> pictures_;
    MultivariantPlaylist playlist_;
};

void append_quoted(std::string& text, const char* name, const std::string& value) {
    text += name;
    text += '"';
    text += value;
    text += '"';
}

// RFC 8216bis 4.4.6.2: rounded to three places.
void append_frame_rate(std::string& text, Rational rate) {
    append_decimal(text, (rate.numerator * 1000 + rate.denominator / 2) / rate.denominator, 3);
}

// What both kinds of variants say.
void append_attributes(std::string& text, const Variant& variant, bool plain_pictures) {
    text += "BANDWIDTH=";
    append_padded(text, variant.bandwidth, 1);
    if (variant.average_bandwidth > 0) {
        text += ",AVERAGE-BANDWIDTH=";
        append_padded(text, variant.average_bandwidth, 1);
    }
    append_quoted(text, ",CODECS=", variant.codecs);
    if (variant.width > 0 && variant.height > 0) {
        text += ",RESOLUTION=";
        append_padded(text, variant.width, 1);
        text += 'x';
        append_padded(text, variant.height, 1);
        if (plain_pictures) text += ",VIDEO-RANGE=SDR";
    }
}

void append_audio(MarkedText& text, const AudioRendition& audio) {
    text.text += "#EXT-X-MEDIA:TYPE=AUDIO";
    append_quoted(text.text, ",GROUP-ID=", audio.group);
    append_quoted(text.text, ",NAME=", audio.name);
    if (!audio.language.empty()) append_quoted(text.text, ",LANGUAGE=", audio.language);
    text.text += audio.is_default ? ",DEFAULT=YES" : ",DEFAULT=NO";
    text.text += ",AUTOSELECT=YES";
    if (audio.channels > 0) {
        append_quoted(text.text, ",CHANNELS=", std::to_string(audio.channels));
    }
    text.text += ",URI=";
    append_quoted_uri(text, audio.uri, UriMark::Kind::playlist);
    text.text += '\n';
}

void append_variant(MarkedText& text, const Variant& variant, bool plain_pictures) {
    text.text += "#EXT-X-STREAM-INF:";
    append_attributes(text.text, variant, plain_pictures);
    if (variant.frame_rate.numerator > 0) {
        text.text += ",FRAME-RATE=";
        append_frame_rate(text.text, variant.frame_rate);
    }
    if (!variant.audio.empty()) append_quoted(text.text, ",AUDIO=", variant.audio);
    if (plain_pictures) text.text += ",CLOSED-CAPTIONS=NONE";
    text.text += '\n';
    text.text += variant.uri;
    text.marks.push_back({.offset = text.text.size(), .kind = UriMark::Kind::playlist});
    text.text += '\n';
}

void append_i_frames(MarkedText& text, const Variant& variant, bool plain_pictures) {
    text.text += "#EXT-X-I-FRAME-STREAM-INF:";
    append_attributes(text.text, variant, plain_pictures);
    text.text += ",URI=";
    append_quoted_uri(text, variant.uri, UriMark::Kind::playlist);
    text.text += '\n';
}

}  // namespace

PlaylistNames passthrough_names(const std::string& name, bool alone) {
    PlaylistNames names{
        .multivariant = {name}, .media_suffix = ".media", .independent_segments = false};
    if (alone) names.multivariant.emplace_back("index");
    return names;
}

PlaylistNames cmaf_names(bool i_frames) {
    PlaylistNames names{.folder = "cmaf", .extension = "m4s"};
    if (i_frames) names.i_frames_suffix = ".iframes";
    return names;
}

MultivariantPlaylist make_multivariant_playlist(const std::vector<media::Track>& tracks,
                                                const PlaylistNames& names,
                                                const MultivariantOptions& options) {
    return Maker(tracks, names, options).make();
}

media::MarkedText to_marked_text(const MultivariantPlaylist& playlist) {
    MarkedText text{.text = "#EXTM3U\n", .marks = {}};
    append_tag(text.text, "#EXT-X-VERSION:", playlist.version);
    if (playlist.independent_segments) text.text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
    if (playlist.start) append_start(text.text, *playlist.start);
    for (const AudioRendition& audio : playlist.audio) append_audio(text, audio);
    for (const Variant& variant : playlist.variants) {
        append_variant(text, variant, playlist.plain_pictures);
    }
    for (const Variant& variant : playlist.i_frames) {
        append_i_frames(text, variant, playlist.plain_pictures);
    }
    return text;
}

std::string to_text(const MultivariantPlaylist& playlist) {
    return to_marked_text(playlist).text;
}

}  // namespace weir::hls
