// SPDX-License-Identifier: MIT
#include "net/body.hpp"

#include <algorithm>
#include <utility>

namespace weir::net {

Body::Body(Bytes piece) : one_(std::move(piece)), size_(one_.size()) {}

Body::Body(std::vector<Bytes> pieces) {
    std::erase_if(pieces, [](const Bytes& piece) { return piece.size() == 0; });
    for (const Bytes& piece : pieces) size_ += piece.size();
    if (pieces.size() == 1) {
        one_ = std::move(pieces.front());
    } else if (pieces.size() > 1) {
        many_ = std::make_shared<std::vector<Bytes>>(std::move(pieces));
    }
}

void Body::append(Bytes piece) {
    if (piece.size() == 0) return;
    const std::uint64_t more = piece.size();
    if (size_ == 0) {
        one_ = std::move(piece);
    } else if (!many_) {
        many_ = std::make_shared<std::vector<Bytes>>();
        many_->push_back(std::exchange(one_, {}));
        many_->push_back(std::move(piece));
    } else {
        // Nobody else can begin to share what only we have.
        if (many_.use_count() > 1) many_ = std::make_shared<std::vector<Bytes>>(*many_);
        many_->push_back(std::move(piece));
    }
    size_ += more;
}

void Body::append(const Body& more) {
    const Body keep = more;  // `more` may be *this
    for (const Bytes& piece : keep.pieces()) append(piece);
}

std::span<const Bytes> Body::pieces() const {
    if (many_) return *many_;
    return {&one_, size_ > 0 ? 1U : 0U};
}

Body Body::slice(std::uint64_t offset, std::uint64_t length) const {
    if (offset == 0 && length >= size_) return *this;
    if (!many_) return one_.slice(offset, length);
    std::vector<Bytes> parts;
    for (const Bytes& piece : *many_) {
        if (length == 0) break;
        if (offset >= piece.size()) {
            offset -= piece.size();
            continue;
        }
        parts.push_back(piece.slice(offset, length));
        offset = 0;
        length -= parts.back().size();
    }
    return Body(std::move(parts));
}

Result<std::string> Body::read(std::uint64_t offset, std::uint64_t length) const {
    const Body part = slice(offset, length);
    std::string content;
    content.reserve(part.size());
    for (const Bytes& piece : part.pieces()) {
        auto text = piece.read();
        if (!text) return text.error();
        content += *text;
    }
    return content;
}

}  // namespace weir::net
