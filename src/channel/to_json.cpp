// SPDX-License-Identifier: MIT
// Configuration to JSON: a writer that walks the table of fields.hpp.
#include <type_traits>

#include <nlohmann/json.hpp>

#include <weir/config.hpp>

#include "channel/fields.hpp"

namespace weir {
namespace channel {
namespace {

using OrderedJson = nlohmann::ordered_json;  // fields in the order of the table

// One overload for each kind of field.
struct Writer {
    template <class T>
    requires std::is_arithmetic_v<T>
    static OrderedJson write(T value) { return value; }

    static OrderedJson write(const std::string& value) { return value; }

    static OrderedJson write(std::chrono::milliseconds value) {
        return static_cast<double>(value.count()) / 1000;
    }

    static OrderedJson write(const Rational& value) {
        if (value.denominator == 1) return value.numerator;
        return to_string(value);
    }

    static OrderedJson write(const std::optional<Rational>& value) {
        return value ? write(*value) : "auto";
    }

    static OrderedJson write(const std::optional<double>& value) {
        return value ? OrderedJson(*value) : OrderedJson(nullptr);
    }

    template <Described T>
    static OrderedJson write(const std::optional<T>& value) {
        return value ? write(*value) : OrderedJson(nullptr);
    }

    template <class T>
    requires std::is_enum_v<T>
    static OrderedJson write(T value) {
        for (const auto& [known, name] : kEnumNames<T>) {
            if (known == value) return name;
        }
        return nullptr;
    }

    template <class T>
    static OrderedJson write(const std::vector<T>& list) {
        OrderedJson array = OrderedJson::array();
        for (const T& entry : list) array.push_back(write(entry));
        return array;
    }

    template <class... T>
    static OrderedJson write(const std::variant<T...>& value) {
        return std::visit(
            []<class A>(const A& alternative) {
                OrderedJson object;
                object["type"] = kTypeName<A>.empty() ? "host" : kTypeName<A>;
                write_fields(object, alternative);
                return object;
            },
            value);
    }

    template <Described T>
    static OrderedJson write(const T& value) {
        OrderedJson object = OrderedJson::object();
        write_fields(object, value);
        return object;
    }

private:
    static void write_fields(OrderedJson& object, const auto& value) {
        for_each_field(
            [&](const char* name, const auto& field, const auto&) { object[name] = write(field); },
            value);
    }
};

std::string text_of(const auto& config) {
    // Text that is no UTF-8, which validate() rejects, must not throw here.
    return Writer::write(config).dump(2, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace
}  // namespace channel

std::string to_json(const ChannelConfig& config) {
    return channel::text_of(config);
}
std::string to_json(const OriginConfig& config) {
    return channel::text_of(config);
}
std::string to_json(const Config& config) {
    return channel::text_of(config);
}

}  // namespace weir
