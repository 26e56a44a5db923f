// SPDX-License-Identifier: MIT
// AMF0 (Action Message Format 0, Adobe 2007), the notation of RTMP's commands: a reader for what
// strangers send, and the little writer that answers need.
// Threads: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <weir/result.hpp>

namespace weir::ingest {

class Amf0Value;
// Arrays too: without names, or with the indices as names.
using Amf0Object = std::vector<std::pair<std::string, Amf0Value>>;

class Amf0Value {
public:
    Amf0Value() = default;                          // null, and whatever weir has no use for
    Amf0Value(double number) : content_(number) {}  // NOLINT: implicit, to be written in lists
    Amf0Value(bool boolean) : content_(boolean) {}  // NOLINT: implicit
    Amf0Value(std::string text) : content_(std::move(text)) {}     // NOLINT: implicit
    Amf0Value(const char* text) : content_(std::string(text)) {}   // NOLINT: implicit
    Amf0Value(Amf0Object object) : content_(std::move(object)) {}  // NOLINT: implicit

    // Null when the value is of another kind.
    [[nodiscard]] const double* number() const { return std::get_if<double>(&content_); }
    [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&content_); }
    [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&content_); }
    [[nodiscard]] const Amf0Object* object() const { return std::get_if<Amf0Object>(&content_); }
    // The member of that name; null when there is none, or this is no object.
    [[nodiscard]] const Amf0Value* member(std::string_view name) const;

    friend bool operator==(const Amf0Value&, const Amf0Value&) = default;

private:
    std::variant<std::monostate, double, bool, std::string, Amf0Object> content_;
};

// Reads the values of one message one after another. What it makes is bounded by the bytes that are
// there, by the depth and by the number of values, whatever the counts in it claim.
class Amf0Reader {
public:
    static constexpr int kMostDepth = 8;
    static constexpr int kMostValues = 1024;

    // `bytes` must outlive the reader.
    explicit Amf0Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    [[nodiscard]] bool at_end() const { return bytes_.empty(); }
    // Errors: corrupt, also at the end. The reader must not be used after an error.
    Result<Amf0Value> next();

private:
    Result<Amf0Value> read_value(int depth);
    Result<Amf0Value> read_members(int depth);
    Result<Amf0Value> read_array(int depth);
    Result<std::string> read_text(std::size_t width);
    // Of `width` bytes, big-endian; nothing when they are not there.
    std::optional<std::uint64_t> take(std::size_t width);

    std::span<const std::byte> bytes_;
    int values_ = 0;
};

// All values of a message. Errors: corrupt.
Result<std::vector<Amf0Value>> read_amf0(std::span<const std::byte> bytes);

std::vector<std::byte> write_amf0(std::initializer_list<Amf0Value> values);

}  // namespace weir::ingest
