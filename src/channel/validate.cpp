// SPDX-License-Identifier: MIT
// The rules of single fields are in the table of fields.hpp; here are those that join several.
#include <algorithm>
#include <map>
#include <type_traits>

#include <weir/config.hpp>

#include "base/redact.hpp"
#include "channel/fields.hpp"

namespace weir {
namespace channel {
namespace {

using std::chrono::milliseconds;

std::string below(const std::string& path, const std::string& name) {
    return path.empty() ? name : path + "." + name;
}

std::string at(const std::string& list, std::size_t index) {
    return list + "[" + std::to_string(index) + "]";
}

// Collects problems and remembers the order in which it saw the fields.
class Checker {
public:
    // A described value, a list or a variant of such, or a plain field.
    template <class T>
    void check(const std::string& path, const T& value) {
        order_.emplace(path, order_.size());
        if constexpr (std::is_enum_v<T>) {
            check_enum(path, value);
        } else if constexpr (Described<T>) {
            for_each_field(
                [&](const char* name, const auto& field, const auto& rule) {
                    add(below(path, name), rule(field));
                    check(below(path, name), field);
                },
                value);
        }
    }

    template <class T>
    void check(const std::string& path, const std::vector<T>& list) {
        order_.emplace(path, order_.size());
        for (std::size_t i = 0; i < list.size(); ++i) check(at(path, i), list[i]);
    }

    template <class... T>
    void check(const std::string& path, const std::variant<T...>& value) {
        std::visit([&](const auto& alternative) { check(path, alternative); }, value);
    }

    template <Described T>
    void check(const std::string& path, const std::optional<T>& value) {
        order_.emplace(path, order_.size());
        if (value) check(path, *value);
    }

    void check(const std::string& path, const std::shared_ptr<Store>& store) {
        order_.emplace(path, order_.size());
        if (!store) add(path, "must not be null");
    }

    void add(const std::string& field, std::string text) {
        if (!text.empty()) problems_.push_back({field, std::move(text)});
    }

    // In the order of the fields.
    std::vector<Problem> take() {
        const auto place = [&](const Problem& problem) {
            const auto found = order_.find(problem.field);
            return found == order_.end() ? order_.size() : found->second;
        };
        std::stable_sort(problems_.begin(), problems_.end(),
                         [&](const auto& a, const auto& b) { return place(a) < place(b); });
        return std::move(problems_);
    }

private:
    template <class T>
    void check_enum(const std::string& path, T value) {
        std::vector<std::string> names;
        for (const auto& [known, name] : kEnumNames<T>) {
            if (known == value) return;
            names.emplace_back(name);
        }
        add(path, "must be " + joined(names) + ", is no value of its type");
    }

    std::vector<Problem> problems_;
    std::map<std::string, std::size_t> order_;
};

// "must differ": for a value that another field has already.
class Uniqueness {
public:
    explicit Uniqueness(Checker& checker) : checker_(checker) {}

    void check(const std::string& field, const std::string& value) {
        if (value.empty()) return;
        const auto [first, is_new] = seen_.emplace(value, field);
        if (is_new) return;
        checker_.add(field,
                     "\"" + base::shown(value) + "\" is the name of " + first->second + " already");
    }

private:
    Checker& checker_;
    std::map<std::string, std::string> seen_;
};

void check_ladder(Checker& checker, const std::string& path, const EncoderLadder& ladder) {
    Uniqueness names(checker);
    if (ladder.video.empty() && !ladder.passthrough) {
        checker.add(below(path, "video"), "must have at least one, has 0");
    }
    if (ladder.video.empty() && ladder.passthrough && !ladder.audio.empty()) {
        checker.add(below(path, "audio"), "cannot be encoded without video");
    }
    if (ladder.passthrough) {
        names.check(below(path, "passthrough.name"), ladder.passthrough->name);
    }
    const std::string video = below(path, "video");
    const std::string audio = below(path, "audio");
    for (std::size_t i = 0; i < ladder.video.size(); ++i) {
        names.check(below(at(video, i), "name"), ladder.video[i].name);
    }
    for (std::size_t i = 0; i < ladder.audio.size(); ++i) {
        const AudioRendition& rendition = ladder.audio[i];
        names.check(below(at(audio, i), "name"), rendition.name);
        // ISO/IEC 14496-3: an AAC frame has at most 6144 bits for each channel's 1024 samples.
        const std::int64_t limit =
            std::int64_t{6} * std::clamp(rendition.sample_rate, 0, 48'000) * rendition.channels;
        const bool sane = kSampleRates(rendition.sample_rate).empty() && limit > 0;
        if (sane && rendition.channels <= 2 && rendition.bitrate_bps > limit &&
            rendition.bitrate_bps <= 512'000) {
            checker.add(below(at(audio, i), "bitrate_bps"),
                        "AAC cannot have more than " + std::to_string(limit) +
                            " with this sample_rate and channels, is " +
                            std::to_string(rendition.bitrate_bps));
        }
    }
}

// What both kinds of outputs have.
void check_slots(Checker& checker, const std::string& path, const auto& sink,
                 const EncoderLadder& ladder, const std::string& ladder_path) {
    constexpr int kFewestSegments = 3;  // RFC 8216bis 6.2.2: a live playlist's least
    const milliseconds duration = sink.segment_duration;
    if (ladder.gop > milliseconds(0) && duration % ladder.gop != milliseconds(0)) {
        checker.add(below(path, "segment_duration"),
                    "must be a multiple of " + below(ladder_path, "gop") + " (" +
                        seconds_text(ladder.gop) + " seconds), is " + seconds_text(duration));
    }
    const bool is_live = sink.playlist_type == PlaylistType::live;
    if (is_live && sink.window / kFewestSegments < duration) {
        checker.add(below(path, "window"), "must be at least 3 segments of " +
                                               seconds_text(duration) + " seconds, is " +
                                               seconds_text(sink.window));
    }
}

void check_output(Checker& checker, const std::string& path, const HlsSink& sink,
                  const EncoderLadder& ladder, const std::string& ladder_path) {
    check_slots(checker, path, sink, ladder, ladder_path);
    const milliseconds duration = sink.segment_duration;
    // A keyframe must surely come between the two.
    if (ladder.passthrough && ladder.passthrough->max_segment_duration / 2 < duration) {
        checker.add(below(ladder_path, "passthrough.max_segment_duration"),
                    "must be at least twice " + below(path, "segment_duration") + " (" +
                        seconds_text(duration) + " seconds), is " +
                        seconds_text(ladder.passthrough->max_segment_duration));
    }
}

void check_output(Checker& checker, const std::string& path, const CmafSink& sink,
                  const EncoderLadder& ladder, const std::string& ladder_path) {
    check_slots(checker, path, sink, ladder, ladder_path);
    if (sink.low_latency && 3 * sink.part_duration > sink.segment_duration) {
        checker.add(below(path, "part_duration"), "must be at most a third of segment_duration (" +
                                                      seconds_text(sink.segment_duration) +
                                                      " seconds), is " +
                                                      seconds_text(sink.part_duration));
    }
    if (!sink.hls && !sink.dash) {
        checker.add(below(path, "hls"), "must be true when dash is false");
    }
}

milliseconds segment_duration(const Output& output) {
    return std::visit([](const auto& sink) { return sink.segment_duration; }, output);
}

void check_outputs(Checker& checker, const ChannelConfig& config) {
    bool has_ts = false;
    bool has_cmaf = false;
    for (std::size_t i = 0; i < config.outputs.size(); ++i) {
        const Output& output = config.outputs[i];
        const std::string path = at("outputs", i);
        std::visit(
            [&](const auto& sink) { check_output(checker, path, sink, config.ladder, "ladder"); },
            output);
        has_ts = has_ts || std::holds_alternative<HlsSink>(output);
        has_cmaf = has_cmaf || std::holds_alternative<CmafSink>(output);
        if (i == 0) continue;
        if (output.index() == config.outputs.front().index()) {
            checker.add(path, "is of the same type as outputs[0]");
        }
        // One grid, hence the same numbers and boundaries in all of them.
        if (segment_duration(output) != segment_duration(config.outputs.front())) {
            checker.add(below(path, "segment_duration"),
                        "must be that of outputs[0] (" +
                            seconds_text(segment_duration(config.outputs.front())) +
                            " seconds), is " + seconds_text(segment_duration(output)));
        }
    }
    if (has_ts && !has_cmaf && config.ladder.audio.size() > 1) {
        checker.add("ladder.audio", "hls_ts carries one audio rendition, has " +
                                        std::to_string(config.ladder.audio.size()));
    }
    if (config.ladder.passthrough && !has_ts && !config.outputs.empty()) {
        checker.add("ladder.passthrough", "needs an output of type hls_ts");
    }
}

// Both files or none. T: has certificate_file and private_key_file.
template <class T>
void check_certificate(Checker& checker, const std::string& path, const T& server) {
    if (server.certificate_file.empty() == server.private_key_file.empty()) return;
    const bool lacks_key = server.private_key_file.empty();
    checker.add(
        below(path, lacks_key ? "private_key_file" : "certificate_file"),
        std::string("must be given with ") + (lacks_key ? "certificate_file" : "private_key_file"));
}

void check_input(Checker& checker, const std::string& path, const RtmpListen& input) {
    // What a publisher's URL never has there; nobody could publish.
    const bool slash = input.app.starts_with('/') || input.app.ends_with('/');
    if (slash) checker.add(below(path, "app"), "must not begin or end with \"/\"");
    const char* query = "must not have a \"?\": the query of a URL begins with it";
    if (input.app.find('?') != std::string::npos) checker.add(below(path, "app"), query);
    if (input.stream_key.find('?') != std::string::npos) {
        checker.add(below(path, "stream_key"), query);
    }
    check_certificate(checker, path, input);
}

void check_input(Checker& checker, const std::string& path, const FileInput& input) {
    for (std::size_t i = 0; i < input.more.size(); ++i) {
        checker.add(at(below(path, "more"), i), Text{}(input.more[i]));
    }
}

void check_input(Checker& checker, const std::string& path, const AppInput& input) {
    if (!input.source) checker.add(below(path, "source"), "must not be null");
}

void check_input(Checker& checker, const std::string& path, const GstInput& input) {
    if (input.launch.empty() == !input.make) {
        checker.add(below(path, "launch"), "either it or make must be given");
    }
}

void check_input(Checker&, const std::string&, const auto&) {}

template <class T>
void add_below(std::vector<Problem>& all, const std::string& path, const T& value) {
    for (Problem& problem : validate(value)) {
        all.push_back({below(path, problem.field), std::move(problem.text)});
    }
}

}  // namespace
}  // namespace channel

using namespace channel;  // NOLINT: this file is its implementation

std::string to_string(const std::vector<Problem>& problems) {
    std::string text;
    for (const Problem& problem : problems) {
        if (!text.empty()) text += '\n';
        text += problem.field.empty() ? problem.text : problem.field + ": " + problem.text;
    }
    return text;
}

std::vector<Problem> validate(const ChannelConfig& config) {
    Checker checker;
    checker.check("", config);
    check_ladder(checker, "ladder", config.ladder);
    for (std::size_t i = 0; i < config.inputs.size(); ++i) {
        std::visit([&](const auto& input) { check_input(checker, at("inputs", i), input); },
                   config.inputs[i]);
    }
    check_outputs(checker, config);
    return checker.take();
}

std::vector<Problem> validate(const OriginConfig& config) {
    Checker checker;
    checker.check("", config);
    check_certificate(checker, "", config);
    if (config.access.cdn_field.empty() != config.access.cdn_secret.empty()) {
        const bool lacks_secret = config.access.cdn_secret.empty();
        checker.add(
            lacks_secret ? "access.cdn_secret" : "access.cdn_field",
            std::string("must be given with ") + (lacks_secret ? "cdn_field" : "cdn_secret"));
    }
    return checker.take();
}

std::vector<Problem> validate(const EncoderLadder& ladder) {
    Checker checker;
    checker.check("", ladder);
    check_ladder(checker, "", ladder);
    return checker.take();
}

std::vector<Problem> validate(const HlsSink& sink, const EncoderLadder& ladder) {
    Checker checker;
    checker.check("", sink);
    check_output(checker, "", sink, ladder, "ladder");
    return checker.take();
}

std::vector<Problem> validate(const CmafSink& sink, const EncoderLadder& ladder) {
    Checker checker;
    checker.check("", sink);
    check_output(checker, "", sink, ladder, "ladder");
    return checker.take();
}

std::vector<Problem> validate(const Config& config) {
    std::vector<Problem> all;
    add_below(all, "origin", config.origin);
    if (std::string text = Entries{1, 1000}(config.channels); !text.empty()) {
        all.push_back({"channels", text});
    }
    Checker checker;
    Uniqueness names(checker);
    for (std::size_t i = 0; i < config.channels.size(); ++i) {
        add_below(all, at("channels", i), config.channels[i]);
        names.check(below(at("channels", i), "name"), config.channels[i].name);
    }
    for (Problem& problem : checker.take()) all.push_back(std::move(problem));
    return all;
}

}  // namespace weir
