// SPDX-License-Identifier: MIT
// Reads JSON that somebody wrote by hand, or with ill intent: bounded in size and depth, and with
// every mistake told with the path of its field instead of stopping at the first.
// Threads: values; no rule of their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <weir/config.hpp>

namespace weir::channel {

using Json = nlohmann::json;

inline constexpr std::size_t kMaxJsonBytes = 1 << 20;
inline constexpr std::size_t kMaxJsonDepth = 32;
inline constexpr std::size_t kMaxJsonEntries = 1000;  // of one list
inline constexpr std::size_t kMaxProblems = 1000;     // told; more than anybody reads

// The mistakes found so far, bounded.
class ProblemList {
public:
    void add(std::string field, std::string text);
    [[nodiscard]] bool empty() const { return problems_.empty(); }
    // Whether one is about `field` or about something that holds it.
    [[nodiscard]] bool explains(std::string_view field) const;
    [[nodiscard]] std::vector<Problem> take() &&;

private:
    std::vector<Problem> problems_;
    std::set<std::string, std::less<>> fields_;  // of problems_: explains() is asked very often
    std::size_t untold_ = 0;
};

// The document; nothing when it is no JSON. Keys that are given twice are problems too.
std::optional<Json> parse_json(std::string_view text, ProblemList& problems);

// "a string", "the number 5": what a value is, for messages; without secrets.
std::string described(const Json& value);

// `did you mean "width"?` or `known are height, width`.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

// The plain values. Nothing, and a problem at `path`, when the JSON is something else; `allowed`
// ends the text when it is a number out of the type's range.
std::optional<std::string> read_string(const Json& json, const std::string& path, ProblemList&);
std::optional<bool> read_bool(const Json& json, const std::string& path, ProblemList&);
std::optional<std::int64_t> read_integer(const Json& json, const std::string& path,
                                         const std::string& allowed, ProblemList&);
// Seconds, a whole number of milliseconds.
std::optional<double> read_number(const Json& json, const std::string& path,
                                  const std::string& allowed, ProblemList& problems);
std::optional<std::chrono::milliseconds> read_duration(const Json& json, const std::string& path,
                                                       const std::string& allowed, ProblemList&);
// A number, or "30000/1001".
std::optional<Rational> read_rational(const Json& json, const std::string& path, ProblemList&);

// One JSON object whose fields are asked for by name.
class ObjectReader {
public:
    // A problem, and an object without fields, when `json` is no object. All outlive this.
    ObjectReader(const Json& json, std::string path, ProblemList& problems);

    // The field's value, or nullptr when it is not given.
    const Json* field(const char* name);

    [[nodiscard]] bool is_object() const { return json_.is_object(); }
    [[nodiscard]] std::string path_of(std::string_view name) const;

    // Every field that nobody asked for is a problem.
    void report_unknown() const;

private:
    const Json& json_;
    const std::string path_;
    ProblemList& problems_;
    std::vector<std::string> known_;
};

}  // namespace weir::channel
