// SPDX-License-Identifier: MIT
// Configuration from JSON: a reader that walks the table of fields.hpp.
#include <algorithm>
#include <type_traits>

#include <weir/config.hpp>

#include "base/redact.hpp"
#include "channel/fields.hpp"
#include "channel/json_reader.hpp"

namespace weir {
namespace channel {
namespace {

using std::chrono::milliseconds;

struct LadderPreset {
    const char* name;
    EncoderLadder (*make)();
};
constexpr LadderPreset kLadderPresets[] = {{"hd1080", &EncoderLadder::hd1080},
                                           {"hd720", &EncoderLadder::hd720},
                                           {"sd", &EncoderLadder::sd}};

class Reader {
public:
    explicit Reader(ProblemList& problems) : problems_(problems) {}

    void read(const Json& json, const std::string& path, std::string& value, const auto&) {
        if (auto text = read_string(json, path, problems_)) value = std::move(*text);
    }

    void read(const Json& json, const std::string& path, bool& value, const auto&) {
        value = read_bool(json, path, problems_).value_or(value);
    }

    template <class T>
    requires std::is_integral_v<T>
    void read(const Json& json, const std::string& path, T& value, const auto& rule) {
        const auto number = read_integer(json, path, rule.allowed(), problems_);
        if (!number) return;
        if (std::in_range<T>(*number)) {
            value = static_cast<T>(*number);
        } else {
            problems_.add(path, rule.allowed() + ", is " + json.dump());
        }
    }

    void read(const Json& json, const std::string& path, milliseconds& value, const auto& rule) {
        value = read_duration(json, path, rule.allowed(), problems_).value_or(value);
    }

    void read(const Json& json, const std::string& path, Rational& value, const auto&) {
        value = read_rational(json, path, problems_).value_or(value);
    }

    void read(const Json& json, const std::string& path, std::optional<Rational>& value,
              const auto&) {
        value.reset();
        if (json != "auto") value = read_rational(json, path, problems_);
    }

    void read(const Json& json, const std::string& path, double& value, const auto& rule) {
        value = read_number(json, path, rule.allowed(), problems_).value_or(value);
    }

    void read(const Json& json, const std::string& path, std::optional<double>& value,
              const auto& rule) {
        value.reset();
        if (!json.is_null()) value = read_number(json, path, rule.allowed(), problems_);
    }

    template <Described T>
    void read(const Json& json, const std::string& path, std::optional<T>& value, const auto&) {
        value.reset();
        if (!json.is_null()) read_object(json, path, value.emplace());
    }

    template <class T>
    requires std::is_enum_v<T>
    void read(const Json& json, const std::string& path, T& value, const auto&) {
        const auto text = read_string(json, path, problems_);
        if (!text) return;
        std::vector<std::string> names;
        for (const auto& [known, name] : kEnumNames<T>) {
            if (name == *text) return void(value = known);
            names.emplace_back(name);
        }
        problems_.add(path, "must be " + joined(names) + ", is \"" + base::shown(*text) + "\"");
    }

    template <class T>
    void read(const Json& json, const std::string& path, std::vector<T>& list, const auto&) {
        if (!json.is_array()) {
            problems_.add(path, "must be an array, is " + described(json));
            return;
        }
        if (json.size() > kMaxJsonEntries) {
            problems_.add(path, "must have at most " + std::to_string(kMaxJsonEntries) +
                                    " entries, has " + std::to_string(json.size()));
            return;
        }
        list.assign(json.size(), T());
        for (std::size_t i = 0; i < list.size(); ++i) {
            read(json[i], path + "[" + std::to_string(i) + "]", list[i], Any{});
        }
    }

    template <class... T>
    void read(const Json& json, const std::string& path, std::variant<T...>& value, const auto&) {
        ObjectReader object(json, path, problems_);
        const Json* type = object.field("type");
        if (!object.is_object()) return;
        const std::string type_path = object.path_of("type");
        std::vector<std::string> names{std::string(kTypeName<T>)...};
        std::erase(names, "");  // what JSON cannot describe
        if (type == nullptr) {
            problems_.add(type_path, "is missing; known are " + list_text(names));
            return;
        }
        const auto name = read_string(*type, type_path, problems_);
        if (!name) return;
        if (!(... || read_alternative<T>(*name, object, value))) {
            problems_.add(type_path, "\"" + base::shown(*name) + "\" is no type here; " +
                                         "known are " + list_text(names));
        }
    }

    void read(const Json& json, const std::string& path, EncoderLadder& ladder, const auto&) {
        if (!json.is_string()) return read_object(json, path, ladder);
        const auto& name = json.get_ref<const std::string&>();
        std::vector<std::string> names;
        for (const LadderPreset& preset : kLadderPresets) {
            if (name == preset.name) return void(ladder = preset.make());
            names.emplace_back(preset.name);
        }
        problems_.add(path, "\"" + base::shown(name) + "\" is no ladder preset; known are " +
                                list_text(names));
    }

    template <Described T>
    void read(const Json& json, const std::string& path, T& value, const auto&) {
        read_object(json, path, value);
    }

private:
    static std::string list_text(const std::vector<std::string>& words) {
        std::string text;
        for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
        return text;
    }

    template <class T>
    void read_object(const Json& json, const std::string& path, T& value) {
        ObjectReader object(json, path, problems_);
        read_fields(object, value);
    }

    template <class T>
    void read_fields(ObjectReader& object, T& value) {
        for_each_field(
            [&](const char* name, auto& field, const auto& rule) {
                const Json* json = object.field(name);
                if (json != nullptr) read(*json, object.path_of(name), field, rule);
            },
            value);
        object.report_unknown();
    }

    // Whether `name` is T's; then reads it.
    template <class T, class Variant>
    bool read_alternative(const std::string& name, ObjectReader& object, Variant& value) {
        if (kTypeName<T>.empty() || name != kTypeName<T>) return false;
        read_fields(object, value.template emplace<T>());
        return true;
    }

    ProblemList& problems_;
};

template <class T>
Parsed<T> parse(std::string_view text) {
    ProblemList problems;
    const auto json = parse_json(text, problems);
    if (!json) return std::move(problems).take();
    T config;
    Reader(problems).read(*json, "", config, Any{});
    // What could not be read has its default value: no second problem about that.
    const ProblemList reading = problems;
    for (Problem& problem : validate(config)) {
        if (!reading.explains(problem.field)) problems.add(problem.field, std::move(problem.text));
    }
    if (!problems.empty()) return std::move(problems).take();
    return config;
}

}  // namespace
}  // namespace channel

Parsed<ChannelConfig> channel_config_from_json(std::string_view text) {
    return channel::parse<ChannelConfig>(text);
}
Parsed<OriginConfig> origin_config_from_json(std::string_view text) {
    return channel::parse<OriginConfig>(text);
}
Parsed<Config> config_from_json(std::string_view text) {
    return channel::parse<Config>(text);
}

}  // namespace weir
