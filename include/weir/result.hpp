// SPDX-License-Identifier: MIT
/// @file
/// Errors as values. Nothing in weir throws across its public API: a function that can fail returns
/// a Result.
/// Threads: values; no rule of their own.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <weir/export.hpp>

namespace weir {

/// What a caller can do something about; the details are in Error::message.
enum class ErrorCode {
    invalid_argument,  ///< the call or its configuration is wrong: change it
    not_found,         ///< the named thing does not exist
    already_exists,    ///< the name, address or path is taken
    unauthorized,      ///< the other side, or the operating system, refuses us
    unavailable,       ///< not now: try again later
    timed_out,         ///< no answer within the limit
    unsupported,       ///< weir, or a missing plugin, cannot do this
    corrupt,           ///< bytes from outside are not what they claim to be
    io,                ///< disk or network failed
    internal           ///< a defect in weir: please report it
};

/// The code's name as written in this header, for example "not_found".
WEIR_API std::string_view to_string(ErrorCode code);

/// An error: a code to act on and a sentence to read. The message is a path from the outside in,
/// for example `channel "news": inputs[0].path: clip.mp4: No such file or directory`.
struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;

    /// The same error seen from one step further outside: "where: message".
    [[nodiscard]] Error in(std::string_view where) const {
        return {code, std::string(where) + ": " + message};
    }

    friend bool operator==(const Error&, const Error&) = default;
};

namespace detail {
/// Prints the error and aborts the process.
[[noreturn]] WEIR_API void abort_on(const Error& error);
}  // namespace detail

/// A value or an Error, with the names of std::expected.
/// `value()` on an error prints it on stderr and aborts; `operator*` and `operator->` do the same.
template <class T>
class [[nodiscard]] Result {
public:
    using value_type = T;

    Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
    Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

    [[nodiscard]] bool has_value() const { return content_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    [[nodiscard]] T& value() & { return check(), std::get<0>(content_); }
    [[nodiscard]] const T& value() const& { return check(), std::get<0>(content_); }
    // By value, so that `for (auto& x : f().value())` does not outlive what it walks over.
    [[nodiscard]] T value() && { return check(), std::get<0>(std::move(content_)); }

    [[nodiscard]] T& operator*() & { return value(); }
    [[nodiscard]] const T& operator*() const& { return value(); }
    [[nodiscard]] T operator*() && { return std::move(*this).value(); }
    [[nodiscard]] T* operator->() { return &value(); }
    [[nodiscard]] const T* operator->() const { return &value(); }

    /// Requires: !has_value().
    [[nodiscard]] const Error& error() const { return std::get<1>(content_); }

    [[nodiscard]] T value_or(T other) const& { return has_value() ? std::get<0>(content_) : other; }

private:
    void check() const {
        if (!has_value()) detail::abort_on(std::get<1>(content_));
    }

    std::variant<T, Error> content_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;

    Result() = default;
    Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

    [[nodiscard]] bool has_value() const { return !error_.has_value(); }
    explicit operator bool() const { return has_value(); }

    void value() const {
        if (error_) detail::abort_on(*error_);
    }

    /// Requires: !has_value().
    [[nodiscard]] const Error& error() const { return *error_; }

private:
    std::optional<Error> error_;
};

}  // namespace weir
