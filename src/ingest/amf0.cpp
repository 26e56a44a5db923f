// SPDX-License-Identifier: MIT
#include "ingest/amf0.hpp"

#include <algorithm>
#include <bit>

namespace weir::ingest {

namespace {

// Section 2.1.
enum Marker : std::uint8_t {
    kNumber = 0,
    kBoolean = 1,
    kString = 2,
    kObject = 3,
    kNull = 5,
    kUndefined = 6,
    kReference = 7,
    kEcmaArray = 8,
    kObjectEnd = 9,
    kStrictArray = 10,
    kDate = 11,
    kLongString = 12,
    kUnsupported = 13,
    kXmlDocument = 15,
    kTypedObject = 16
};

constexpr std::size_t kShortText = 0xFFFF;

Error corrupt_value(const char* why) {
    return {ErrorCode::corrupt, std::string("AMF0: ") + why};
}

Error cut_off() {
    return corrupt_value("it is cut off");
}

class Writer {
public:
    void value(const Amf0Value& value) {
        if (const auto* number = value.number()) {
            put(kNumber, 1);
            put(std::bit_cast<std::uint64_t>(*number), 8);
        } else if (const auto* boolean = value.boolean()) {
            put(kBoolean, 1);
            put(*boolean ? 1 : 0, 1);
        } else if (const auto* text = value.text()) {
            put(text->size() > kShortText ? kLongString : kString, 1);
            put(text->size(), text->size() > kShortText ? 4 : 2);
            bytes(*text);
        } else if (const auto* object = value.object()) {
            put(kObject, 1);
            for (const auto& [name, member] : *object) {
                put(name.size(), 2);
                bytes(name);
                this->value(member);
            }
            put(kObjectEnd, 3);  // behind the empty name
        } else {
            put(kNull, 1);
        }
    }

    std::vector<std::byte> out;

private:
    void put(std::uint64_t number, int width) {
        for (int i = width - 1; i >= 0; --i)
            out.push_back(static_cast<std::byte>(number >> (8 * i)));
    }
    void bytes(std::string_view text) {
        for (const char c : text) out.push_back(static_cast<std::byte>(c));
    }
};

}  // namespace

const Amf0Value* Amf0Value::member(std::string_view name) const {
    const auto* members = object();
    if (!members) return nullptr;
    const auto found = std::find_if(members->begin(), members->end(),
                                    [&](const auto& member) { return member.first == name; });
    return found == members->end() ? nullptr : &found->second;
}

Result<Amf0Value> Amf0Reader::next() {
    return read_value(0);
}

std::optional<std::uint64_t> Amf0Reader::take(std::size_t width) {
    if (bytes_.size() < width) return std::nullopt;
    std::uint64_t number = 0;
    for (const std::byte byte : bytes_.first(width)) {
        number = number << 8 | std::to_integer<std::uint64_t>(byte);
    }
    bytes_ = bytes_.subspan(width);
    return number;
}

Result<std::string> Amf0Reader::read_text(std::size_t width) {
    const auto size = take(width);
    if (!size || bytes_.size() < *size) return cut_off();
    std::string text;
    text.reserve(*size);
    for (const std::byte byte : bytes_.first(*size)) text += static_cast<char>(byte);
    bytes_ = bytes_.subspan(*size);
    return text;
}

Result<Amf0Value> Amf0Reader::read_value(int depth) {
    if (depth > kMostDepth) return corrupt_value("it is nested too deeply");
    if (++values_ > kMostValues) return corrupt_value("it has too many values");
    const auto marker = take(1);
    if (!marker) return cut_off();
    std::optional<std::uint64_t> number;
    switch (*marker) {
        case kNumber:
            number = take(8);
            if (!number) return cut_off();
            return Amf0Value(std::bit_cast<double>(*number));
        case kBoolean:
            number = take(1);
            if (!number) return cut_off();
            return Amf0Value(*number != 0);
        case kString:
        case kLongString:
        case kXmlDocument: {
            auto text = read_text(*marker == kString ? 2 : 4);
            if (!text) return text.error();
            return Amf0Value(std::move(*text));
        }
        case kNull:
        case kUndefined:
        case kUnsupported:
            return Amf0Value();
        case kReference:  // to an object of this message: nothing that weir reads is sent so
            return take(2) ? Result<Amf0Value>(Amf0Value()) : cut_off();
        case kDate:  // milliseconds since 1970, and a time zone that must be zero
            number = take(8);
            if (!number || !take(2)) return cut_off();
            return Amf0Value(std::bit_cast<double>(*number));
        case kTypedObject:
            if (auto name = read_text(2); !name) return name.error();
            return read_members(depth);
        case kEcmaArray:
            if (!take(4)) return cut_off();  // a count that nobody needs to believe
            return read_members(depth);
        case kObject:
            return read_members(depth);
        case kStrictArray:
            return read_array(depth);
        default:
            return corrupt_value("it has a value of an unknown type");
    }
}

Result<Amf0Value> Amf0Reader::read_members(int depth) {
    Amf0Object members;
    while (true) {
        auto name = read_text(2);
        if (!name) return name.error();
        if (name->empty() && !bytes_.empty() && bytes_[0] == std::byte{kObjectEnd}) {
            bytes_ = bytes_.subspan(1);
            return Amf0Value(std::move(members));
        }
        auto value = read_value(depth + 1);
        if (!value) return value.error();
        members.emplace_back(std::move(*name), std::move(*value));
    }
}

Result<Amf0Value> Amf0Reader::read_array(int depth) {
    const auto count = take(4);
    if (!count) return cut_off();
    Amf0Object values;
    for (std::uint64_t i = 0; i < *count; ++i) {
        auto value = read_value(depth + 1);
        if (!value) return value.error();
        values.emplace_back(std::string(), std::move(*value));
    }
    return Amf0Value(std::move(values));
}

Result<std::vector<Amf0Value>> read_amf0(std::span<const std::byte> bytes) {
    Amf0Reader reader(bytes);
    std::vector<Amf0Value> values;
    while (!reader.at_end()) {
        auto value = reader.next();
        if (!value) return value.error();
        values.push_back(std::move(*value));
    }
    return values;
}

std::vector<std::byte> write_amf0(std::initializer_list<Amf0Value> values) {
    Writer writer;
    for (const auto& value : values) writer.value(value);
    return std::move(writer.out);
}

}  // namespace weir::ingest
