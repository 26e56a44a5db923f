// SPDX-License-Identifier: MIT
#include "dash/xml_writer.hpp"

#include <array>
#include <charconv>
#include <utility>

#include <gsl/gsl>

namespace weir::dash {

XmlWriter::XmlWriter() {
    result_.text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
}

void XmlWriter::open(std::string_view element) {
    end_start_tag();
    new_line();
    result_.text += '<';
    result_.text += element;
    open_.push_back(element);
    in_start_tag_ = true;
}

void XmlWriter::attribute(std::string_view name, std::string_view value) {
    begin_attribute(name);
    escape(value);
    result_.text += '"';
}

void XmlWriter::attribute(std::string_view name, std::int64_t value) {
    begin_attribute(name);
    std::array<char, 20> digits;
    result_.text.append(digits.data(),
                        std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
    result_.text += '"';
}

void XmlWriter::uri(std::string_view name, std::string_view value) {
    begin_attribute(name);
    escape(value);
    result_.marks.push_back({.offset = result_.text.size(), .kind = media::UriMark::Kind::media});
    result_.text += '"';
}

void XmlWriter::close() {
    Expects(!open_.empty());
    const std::string_view element = open_.back();
    open_.pop_back();
    if (std::exchange(in_start_tag_, false)) {
        result_.text += "/>";
        return;
    }
    new_line();
    result_.text += "</";
    result_.text += element;
    result_.text += '>';
}

media::MarkedText XmlWriter::take() && {
    Expects(open_.empty());
    result_.text += '\n';
    return std::move(result_);
}

void XmlWriter::begin_attribute(std::string_view name) {
    Expects(in_start_tag_);
    result_.text += ' ';
    result_.text += name;
    result_.text += "=\"";
}

void XmlWriter::end_start_tag() {
    if (std::exchange(in_start_tag_, false)) result_.text += '>';
}

void XmlWriter::escape(std::string_view value) {
    for (const char c : value) {
        switch (c) {
            case '&':
                result_.text += "&amp;";
                break;
            case '<':
                result_.text += "&lt;";
                break;
            case '>':
                result_.text += "&gt;";
                break;
            case '"':
                result_.text += "&quot;";
                break;
            case '\t':
                result_.text += "&#9;";
                break;
            case '\n':
                result_.text += "&#10;";
                break;
            case '\r':
                result_.text += "&#13;";
                break;
            default:
                // XML 1.0 has no way to say the others, not even escaped.
                if (static_cast<unsigned char>(c) >= 0x20) result_.text += c;
        }
    }
}

void XmlWriter::new_line() {
    result_.text += '\n';
    result_.text.append(2 * open_.size(), ' ');
}

}  // namespace weir::dash
