// SPDX-License-Identifier: MIT
#include "channel/json_reader.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/redact.hpp"
#include "channel/rules.hpp"

namespace weir::channel {
namespace {

using base::shown;

// Builds the document as nlohmann's own parser does, but bounded, and sees keys that come twice.
class DocumentBuilder final : public Json::json_sax_t {
public:
    DocumentBuilder(std::string_view text, ProblemList& problems)
        : text_(text), problems_(problems) {}

    bool null() override { return add(nullptr), true; }
    bool boolean(bool value) override { return add(value), true; }
    bool number_integer(std::int64_t value) override { return add(value), true; }
    bool number_unsigned(std::uint64_t value) override { return add(value), true; }
    bool number_float(double value, const std::string&) override { return add(value), true; }
    bool string(std::string& value) override { return add(std::move(value)), true; }
    bool binary(Json::binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_object() override { return levels_.pop_back(), true; }
    bool end_array() override { return levels_.pop_back(), true; }

    bool key(std::string& name) override {
        Level& level = levels_.back();
        level.key = std::move(name);
        if (level.value->contains(level.key)) problems_.add(path(), "is given twice");
        return true;
    }

    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& error) override {
        problems_.add("", "is not valid JSON at " + place(position) + ": " + reason(error.what()));
        return false;
    }

    Json take() { return std::move(document_); }

private:
    struct Level {
        Json* value;
        std::string key;  // of the member being read, in an object
    };

    Json* add(Json value) {
        if (levels_.empty()) return &(document_ = std::move(value));
        const Level& level = levels_.back();
        if (level.value->is_object()) return &((*level.value)[level.key] = std::move(value));
        level.value->push_back(std::move(value));
        return &level.value->back();
    }

    bool open(Json empty) {
        if (levels_.size() == kMaxJsonDepth) {
            problems_.add("", "is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
            return false;
        }
        levels_.push_back({add(std::move(empty)), {}});
        return true;
    }

    [[nodiscard]] std::string path() const {
        std::string text;
        for (const Level& level : levels_) {
            if (level.value->is_array()) {
                text += "[" + std::to_string(level.value->size() - 1) + "]";
            } else {
                text += (text.empty() ? "" : ".") + shown(level.key);
            }
        }
        return text;
    }

    // `position` counts the bytes read, the offending one included.
    [[nodiscard]] std::string place(std::size_t position) const {
        const std::string_view before =
            text_.substr(0, std::min(position == 0 ? 0 : position - 1, text_.size()));
        const auto line = 1 + std::count(before.begin(), before.end(), '\n');
        const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
        return "line " + std::to_string(line) + ", column " +
               std::to_string(before.size() - line_start + 1);
    }

    // nlohmann's text without its number, its place and what it read last: that may be a secret.
    static std::string reason(std::string_view what) {
        if (what.find("number overflow") != what.npos) return "a number is too large";
        if (const auto place = what.find(", column "); place != what.npos) {
            if (const auto colon = what.find(": ", place); colon != what.npos) {
                what.remove_prefix(colon + 2);
            }
        }
        return std::string(what.substr(0, what.find("; last read")));
    }

    const std::string_view text_;
    ProblemList& problems_;
    Json document_;
    std::vector<Level> levels_;
};

// The fewest insertions, deletions and exchanges of characters between two words.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t exchanged = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({exchanged, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

bool is_near(std::string_view word, std::string_view known) {
    constexpr std::size_t kLongest = 64;
    if (word.empty() || word.size() > kLongest) return false;
    if (word.size() >= 3 && (known.starts_with(word) || word.starts_with(known))) return true;
    // Two letters exchanged make a distance of 2.
    const std::size_t limit = known.size() < 4 ? 1 : std::max<std::size_t>(2, known.size() / 3);
    return edit_distance(word, known) <= limit;
}

void add_wrong_type(const Json& json, const std::string& path, const char* wanted,
                    ProblemList& problems) {
    problems.add(path, "must be " + std::string(wanted) + ", is " + described(json));
}

// A number as a whole one, when it is one and fits.
std::optional<std::int64_t> whole(double value) {
    constexpr double kLimit = 9.0e15;  // below 2^53: each whole number is one double
    if (!(std::abs(value) < kLimit) || value != std::nearbyint(value)) return std::nullopt;
    return static_cast<std::int64_t>(value);
}

}  // namespace

void ProblemList::add(std::string field, std::string text) {
    if (problems_.size() == kMaxProblems) {
        ++untold_;
    } else {
        fields_.insert(field);
        problems_.push_back({std::move(field), std::move(text)});
    }
}

bool ProblemList::explains(std::string_view field) const {
    for (std::size_t end = 0; end != field.npos;) {
        end = field.find_first_of(".[", end + 1);
        if (fields_.contains(field.substr(0, end))) return true;
    }
    return false;
}

std::vector<Problem> ProblemList::take() && {
    if (untold_ > 0) problems_.push_back({"", "and " + std::to_string(untold_) + " more"});
    return std::move(problems_);
}

std::optional<Json> parse_json(std::string_view text, ProblemList& problems) {
    if (text.size() > kMaxJsonBytes) {
        problems.add("", "must have at most " + std::to_string(kMaxJsonBytes) + " bytes, has " +
                             std::to_string(text.size()));
        return std::nullopt;
    }
    DocumentBuilder builder(text, problems);
    if (!Json::sax_parse(text.begin(), text.end(), &builder)) return std::nullopt;
    return builder.take();
}

std::string described(const Json& value) {
    switch (value.type()) {
        case Json::value_t::null:
            return "null";
        case Json::value_t::boolean:
            return value.get<bool>() ? "true" : "false";
        case Json::value_t::string:
            return "\"" + shown(value.get_ref<const std::string&>()) + "\"";
        case Json::value_t::object:
            return "an object";
        case Json::value_t::array:
            return "an array";
        default:
            return "the number " + value.dump();
    }
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
    const std::string* best = nullptr;
    std::size_t best_distance = 0;
    std::string all;
    for (const std::string& candidate : known) {
        all += (all.empty() ? "" : ", ") + candidate;
        if (!is_near(word, candidate)) continue;
        const std::size_t distance = edit_distance(word, candidate);
        if (best == nullptr || distance < best_distance) best = &candidate;
        if (best == &candidate) best_distance = distance;
    }
    return best != nullptr ? "did you mean \"" + *best + "\"?" : "known are " + all;
}

std::optional<std::string> read_string(const Json& json, const std::string& path,
                                       ProblemList& problems) {
    if (json.is_string()) return json.get<std::string>();
    add_wrong_type(json, path, "a string", problems);
    return std::nullopt;
}

std::optional<bool> read_bool(const Json& json, const std::string& path, ProblemList& problems) {
    if (json.is_boolean()) return json.get<bool>();
    add_wrong_type(json, path, "true or false", problems);
    return std::nullopt;
}

std::optional<std::int64_t> read_integer(const Json& json, const std::string& path,
                                         const std::string& allowed, ProblemList& problems) {
    if (json.is_number_unsigned()) {
        const auto value = json.get<std::uint64_t>();
        if (std::in_range<std::int64_t>(value)) return static_cast<std::int64_t>(value);
    } else if (json.is_number_integer()) {
        return json.get<std::int64_t>();
    } else if (json.is_number_float()) {
        const double value = json.get<double>();
        if (const auto number = whole(value)) return number;
        if (value != std::nearbyint(value)) {
            add_wrong_type(json, path, "a whole number", problems);
            return std::nullopt;
        }
    } else {
        add_wrong_type(json, path, "a whole number", problems);
        return std::nullopt;
    }
    problems.add(path, allowed + ", is " + json.dump());
    return std::nullopt;
}

std::optional<double> read_number(const Json& json, const std::string& path,
                                  const std::string& allowed, ProblemList& problems) {
    if (!json.is_number()) {
        problems.add(path, allowed + ", is " + described(json));
        return std::nullopt;
    }
    return json.get<double>();
}

std::optional<std::chrono::milliseconds> read_duration(const Json& json, const std::string& path,
                                                       const std::string& allowed,
                                                       ProblemList& problems) {
    if (!json.is_number()) {
        add_wrong_type(json, path, "a number of seconds", problems);
        return std::nullopt;
    }
    const double count = json.get<double>() * 1000;
    const auto rounded = whole(std::nearbyint(count));
    if (!rounded) {
        problems.add(path, allowed + ", is " + json.dump());
        return std::nullopt;
    }
    // 0.001 s has no exact double: what is left of the multiplication is far below this.
    if (std::abs(count - static_cast<double>(*rounded)) > 1e-6) {
        problems.add(path,
                     "must be a whole number of milliseconds, is " + json.dump() + " seconds");
        return std::nullopt;
    }
    return std::chrono::milliseconds(*rounded);
}

std::optional<Rational> read_rational(const Json& json, const std::string& path,
                                      ProblemList& problems) {
    if (json.is_number() || json.is_string()) {
        const auto value =
            parse_rational(json.is_string() ? json.get_ref<const std::string&>() : json.dump());
        if (value) return *value;
        problems.add(path, value.error().message + ", is " + described(json));
        return std::nullopt;
    }
    add_wrong_type(json, path, "a number or a fraction such as \"30000/1001\"", problems);
    return std::nullopt;
}

ObjectReader::ObjectReader(const Json& json, std::string path, ProblemList& problems)
    : json_(json), path_(std::move(path)), problems_(problems) {
    if (!json_.is_object()) add_wrong_type(json_, path_, "an object", problems_);
}

const Json* ObjectReader::field(const char* name) {
    known_.emplace_back(name);
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
}

std::string ObjectReader::path_of(std::string_view name) const {
    return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

void ObjectReader::report_unknown() const {
    if (!json_.is_object()) return;
    for (const auto& [name, value] : json_.items()) {
        if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
        problems_.add(path_of(shown(name)), "is no field here; " + suggestion(name, known_));
    }
}

}  // namespace weir::channel
