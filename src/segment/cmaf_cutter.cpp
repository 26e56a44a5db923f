// SPDX-License-Identifier: MIT
#include "segment/cmaf_cutter.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <gsl/gsl>

namespace weir::segment {

using media::MediaTime;

namespace {

// 100 Mbit/s over ten seconds, twice: what is more is nobody's video.
constexpr std::size_t kMaxCmafBytes = 256'000'000;

}  // namespace

CmafCutter::CmafCutter(const CmafSegmenterOptions& options, CmafTrack track,
                       CmafSegmenterEvents events)
    : options_(options),
      track_(std::move(track)),
      events_(std::move(events)),
      first_unit_(first_unit_at(options.first_frame)),
      next_unit_(first_unit_) {}

// An audio track's media that belongs to video from `frame` on begins with the first of its frames
// at or after it, as media::track_time() says.
std::int64_t CmafCutter::first_unit_at(std::int64_t frame) const {
    if (is_video()) return frame;
    const std::int64_t samples = track_.unit_ticks;
    const std::int64_t sample = media::sample_at_or_after(options_.grid.frame_time(frame),
                                                          static_cast<int>(track_.timescale));
    return (sample + samples - 1) / samples;
}

// The last frame whose media has begun with the unit.
std::int64_t CmafCutter::frame_of(std::int64_t unit) const {
    if (is_video()) return unit;
    const MediaTime time = media::sample_time(unit * std::int64_t{track_.unit_ticks},
                                              static_cast<int>(track_.timescale));
    std::int64_t frame = options_.grid.frame_at_or_after(time);
    while (first_unit_at(frame) > unit) --frame;
    while (first_unit_at(frame + 1) <= unit) ++frame;
    return std::max(frame, options_.first_frame);
}

CmafCutter::Piece CmafCutter::piece_of(std::int64_t frame) const {
    Piece piece;
    if (options_.parts) {
        const auto place = options_.parts->place_of(frame, options_.first_frame);
        piece = {.number = place.number,
                 .index = place.index,
                 .count = place.count,
                 .first_frame = place.first,
                 .end_frame = place.end};
    } else {
        const std::int64_t slot = options_.grid.slot_of_frame(frame);
        piece = {.number = slot,
                 .index = 0,
                 .count = 1,
                 .first_frame = std::max(options_.grid.first_frame(slot), options_.first_frame),
                 .end_frame = options_.grid.first_frame(slot + 1)};
    }
    piece.end_unit = first_unit_at(piece.end_frame);
    return piece;
}

std::int64_t CmafCutter::slot_end(std::int64_t unit) const {
    const std::int64_t slot = options_.grid.slot_of_frame(frame_of(unit));
    return first_unit_at(options_.grid.first_frame(slot + 1));
}

Result<void> CmafCutter::add(const CmafUnit& unit) {
    Expects(unit.index >= first_unit_);
    if (unit.index < next_unit_) {
        return Error{ErrorCode::corrupt, "CMAF: a frame that is there already, or late"};
    }
    const std::size_t size =
        std::accumulate(unit.pieces.begin(), unit.pieces.end(), std::size_t{0},
                        [](std::size_t sum, const auto& piece) { return sum + piece.size(); });
    if (size > kMaxCmafBytes) return Error{ErrorCode::corrupt, "CMAF: too large a frame"};
    enter(unit.index);
    if (segment_.size() + bytes_.size() + data_.size() + size > kMaxCmafBytes) {
        return Error{ErrorCode::corrupt, "CMAF: too large a segment"};
    }
    // A decoder can begin where a fragment does.
    if (is_video() && unit.sync) end_fragment(unit.index);
    append(unit);
    leave_complete();
    return {};
}

void CmafCutter::finish() {
    if (!piece_) return;
    // Where the video ends, as far as this track knows.
    const std::int64_t end = is_video() ? next_unit_ : frame_of(next_unit_ - 1) + 1;
    const std::int64_t end_frame = std::min(end, piece_->end_frame);
    if (independent_) {
        end_fragment(next_unit_);
        end_piece(end_frame);
    } else {
        bytes_.clear();
    }
    end_segment(end_frame);
}

// Ends what lies before the unit's piece. Of a segment of which something is there, every part is
// given, also one in which nothing is: others wait for it.
void CmafCutter::enter(std::int64_t unit) {
    Piece target = piece_of(frame_of(unit));
    while (piece_ && (piece_->number != target.number || piece_->index != target.index)) {
        const Piece past = *piece_;
        end_fragment(past.end_unit);
        end_piece(past.end_frame);
        if (past.index + 1 < past.count) {
            piece_ = piece_of(past.end_frame);
        } else {
            end_segment(past.end_frame);
        }
    }
    if (piece_) return;
    const std::int64_t slot_begin =
        std::max(options_.grid.first_frame(target.number), options_.first_frame);
    piece_ = piece_of(slot_begin);
    while (piece_->index != target.index) {
        end_piece(piece_->end_frame);
        piece_ = piece_of(piece_->end_frame);
    }
}

void CmafCutter::append(const CmafUnit& unit) {
    if (!independent_) independent_ = unit.sync || !is_video();
    const std::size_t before = data_.size();
    for (const auto piece : unit.pieces) data_.insert(data_.end(), piece.begin(), piece.end());
    samples_.push_back({.unit = unit, .size = static_cast<std::uint32_t>(data_.size() - before)});
    samples_.back().unit.pieces = {};
    next_unit_ = unit.index + 1;
}

// Ends the pieces whose last unit is there; one in which no unit can lie is over when it begins.
void CmafCutter::leave_complete() {
    while (piece_ && next_unit_ >= piece_->end_unit) {
        const Piece past = *piece_;
        end_fragment(past.end_unit);
        end_piece(past.end_frame);
        if (past.index + 1 < past.count) {
            piece_ = piece_of(past.end_frame);
        } else {
            end_segment(past.end_frame);
        }
    }
}

// A missing unit's time is the one's before it.
void CmafCutter::end_fragment(std::int64_t next_unit) {
    if (samples_.empty()) return;
    const std::int64_t ticks = track_.unit_ticks;
    const std::int64_t first = samples_.front().unit.index;
    CmafFragment fragment{.begins_segment = segment_.empty() && bytes_.empty(),
                          .sequence_number = ++sequence_number_,
                          .decode_time = first * ticks,
                          .samples = {}};
    if (options_.capture_delay) {
        const MediaTime time =
            is_video() ? options_.grid.frame_time(first)
                       : media::sample_time(first * ticks, static_cast<int>(track_.timescale));
        fragment.reference_time = {.utc = time + *options_.capture_delay,
                                   .media_time = fragment.decode_time};
    }
    fragment.samples.reserve(samples_.size());
    for (std::size_t i = 0; i < samples_.size(); ++i) {
        const CmafUnit& unit = samples_[i].unit;
        const std::int64_t next = i + 1 < samples_.size() ? samples_[i + 1].unit.index : next_unit;
        fragment.samples.push_back(
            {.size = samples_[i].size,
             .duration = static_cast<std::uint32_t>((next - unit.index) * ticks),
             .composition_offset = static_cast<std::int32_t>(unit.composition * ticks),
             .sync = unit.sync,
             .disposable = unit.disposable});
    }
    write_fragment(track_, fragment, data_, bytes_);
    segment_has_media_ = true;
    samples_.clear();
    data_.clear();
}

void CmafCutter::end_piece(std::int64_t end_frame) {
    if (bytes_.empty()) write_nothing(segment_.empty(), bytes_);
    segment_ += bytes_;
    if (options_.parts) {
        const auto& grid = options_.grid;
        const std::int64_t slot_begin =
            std::max(grid.first_frame(piece_->number), options_.first_frame);
        events_.on_part({.number = piece_->number,
                         .index = piece_->index,
                         .count = piece_->count,
                         .slot_start = grid.frame_time(slot_begin),
                         .start = grid.frame_time(piece_->first_frame),
                         .end = grid.frame_time(end_frame),
                         .independent = independent_.value_or(false),
                         .bytes = Bytes::from_string(std::exchange(bytes_, {}))});
    }
    bytes_.clear();
    independent_.reset();
}

void CmafCutter::end_segment(std::int64_t end_frame) {
    const auto& grid = options_.grid;
    const std::int64_t number = piece_->number;
    piece_.reset();
    std::string bytes = std::exchange(segment_, {});
    if (!std::exchange(segment_has_media_, false)) return;
    const std::int64_t begin = std::max(grid.first_frame(number), options_.first_frame);
    events_.on_segment({.number = number,
                        .start = grid.frame_time(begin),
                        .end = grid.frame_time(end_frame),
                        .bytes = Bytes::from_string(std::move(bytes))});
}

}  // namespace weir::segment
