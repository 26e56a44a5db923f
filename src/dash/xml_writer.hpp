// SPDX-License-Identifier: MIT
// Writes XML, element by element, and remembers where URIs end.
//
// Not a DOM library: a timeline of days has 100,000 elements, and a mark behind a URI is a place in
// the finished text, which a library that prints a tree does not tell.
// Threads: as a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "media/marked_text.hpp"

namespace weir::dash {

class XmlWriter {
public:
    XmlWriter();

    // Elements and attributes are named by string literals.
    void open(std::string_view element);
    // Of the element that was opened last, before anything is put into it.
    void attribute(std::string_view name, std::string_view value);
    void attribute(std::string_view name, std::int64_t value);
    // The same with a mark behind the value.
    void uri(std::string_view name, std::string_view value);
    void close();

    // Requires: all elements are closed.
    media::MarkedText take() &&;

private:
    void begin_attribute(std::string_view name);
    void end_start_tag();
    void escape(std::string_view value);
    void new_line();

    media::MarkedText result_;
    std::vector<std::string_view> open_;
    bool in_start_tag_ = false;
};

}  // namespace weir::dash
