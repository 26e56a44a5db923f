// SPDX-License-Identifier: MIT
// What stands in CMAF files, read independently of the writer's own structures.
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "media/box.hpp"

namespace weir::test {

struct Mp4Sample {
    std::int64_t dts = 0;  // ticks
    std::int64_t pts = 0;
    std::uint32_t duration = 0;
    std::uint32_t flags = 0;
    std::span<const std::byte> bytes;
    [[nodiscard]] bool sync() const { return (flags & 0x10000) == 0; }
};

struct Mp4Fragment {
    std::uint32_t sequence = 0;
    std::int64_t decode_time = 0;
    std::optional<std::uint64_t> ntp;  // prft
    std::int64_t prft_media_time = 0;
    std::vector<Mp4Sample> samples;
};

struct Mp4File {
    std::string boxes;  // "styp prft moof mdat"
    std::vector<Mp4Fragment> fragments;

    [[nodiscard]] std::vector<Mp4Sample> samples() const {
        std::vector<Mp4Sample> all;
        for (const auto& f : fragments) all.insert(all.end(), f.samples.begin(), f.samples.end());
        return all;
    }
};

inline void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(what);
}

inline media::BoxView child(std::span<const std::byte> bytes, const char* name) {
    const auto found = media::find_box(bytes, {name});
    if (!found) throw std::runtime_error(std::string("no ") + name);
    return *found;
}

// One moof with its mdat right behind it.
inline void read_samples(const media::BoxView& moof, const media::BoxView& mdat,
                         Mp4Fragment& fragment) {
    const auto mfhd = child(moof.payload, "mfhd");
    media::FieldReader sequence(mfhd.payload.subspan(4));
    fragment.sequence = sequence.u32();
    const auto traf = child(moof.payload, "traf");
    media::FieldReader header(child(traf.payload, "tfhd").payload);
    const std::uint32_t flags = header.u32();
    require(flags == 0x020028, "tfhd: default-base-is-moof, duration and flags");
    require(header.u32() == 1, "tfhd: the track's id");
    const std::uint32_t default_duration = header.u32();
    const std::uint32_t default_flags = header.u32();
    require(!header.failed() && header.left() == 0, "tfhd: its size");
    media::FieldReader time(child(traf.payload, "tfdt").payload);
    require(time.u32() == 0x01000000, "tfdt: version 1");
    fragment.decode_time = static_cast<std::int64_t>(time.u64());
    media::FieldReader run(child(traf.payload, "trun").payload);
    const std::uint32_t fields = run.u32();
    require(fields >> 24 == 1, "trun: version 1");
    const std::uint32_t count = run.u32();
    require((fields & 1) != 0 && (fields & 0x200) != 0, "trun: data offset and sizes");
    const std::uint32_t offset = run.u32();
    require(offset == moof.bytes.size() + mdat.header_size, "trun: the data's offset");
    std::size_t position = 0;
    std::int64_t dts = fragment.decode_time;
    for (std::uint32_t i = 0; i < count; ++i) {
        Mp4Sample sample;
        sample.duration = (fields & 0x100) != 0 ? run.u32() : default_duration;
        const std::uint32_t size = run.u32();
        sample.flags = (fields & 0x400) != 0 ? run.u32() : default_flags;
        const auto composition =
            (fields & 0x800) != 0 ? static_cast<std::int32_t>(run.u32()) : std::int32_t{0};
        sample.dts = dts;
        sample.pts = dts + composition;
        require(position + size <= mdat.payload.size(), "mdat: too short");
        sample.bytes = mdat.payload.subspan(position, size);
        position += size;
        dts += sample.duration;
        fragment.samples.push_back(sample);
    }
    require(!run.failed() && run.left() == 0, "trun: its size");
    require(position == mdat.payload.size(), "mdat: too long");
}

inline Mp4File read_mp4(std::span<const std::byte> bytes) {
    Mp4File file;
    const auto read = media::read_boxes(bytes);
    if (!read) throw std::runtime_error(read.error().message);
    Mp4Fragment fragment;
    for (std::size_t i = 0; i < read->size(); ++i) {
        const auto& box = (*read)[i];
        file.boxes += (file.boxes.empty() ? "" : " ") + media::fourcc_text(box.type);
        if (box.is("prft")) {
            media::FieldReader time(box.payload);
            require(time.u32() == 0x01000018, "prft: version 1, captured");
            require(time.u32() == 1, "prft: the track's id");
            fragment.ntp = time.u64();
            fragment.prft_media_time = static_cast<std::int64_t>(time.u64());
            require(!time.failed() && time.left() == 0, "prft: its size");
        }
        if (!box.is("moof")) continue;
        require(i + 1 < read->size() && (*read)[i + 1].is("mdat"), "no mdat behind the moof");
        read_samples(box, (*read)[i + 1], fragment);
        file.fragments.push_back(std::move(fragment));
        fragment = {};
    }
    return file;
}

}  // namespace weir::test
