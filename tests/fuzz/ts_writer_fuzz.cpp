// SPDX-License-Identifier: MIT
// libFuzzer entry: whatever the access units hold, what is written is a transport stream that a
// strict receiver reads, with as many units as were taken.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "segment/ts_writer.hpp"
#include "support/ts_reader.hpp"

using weir::segment::Ticks;
using weir::segment::TsWriter;

namespace {

class Input {
public:
    explicit Input(std::span<const std::byte> bytes) : rest_(bytes) {}

    [[nodiscard]] bool empty() const { return rest_.empty(); }
    std::uint8_t octet() {
        const auto bytes = take(1);
        return bytes.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(bytes[0]);
    }
    std::span<const std::byte> take(std::size_t size) {
        const auto taken = rest_.first(std::min(size, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }

private:
    std::span<const std::byte> rest_;
};

void set_formats(TsWriter& writer, Input& input) {
    const auto choice = input.octet();
    const auto prefix = input.take(input.octet());
    writer.set_video_format(
        {.nal_length_size = "\0\1\2\4"[choice & 3], .prefix = {prefix.begin(), prefix.end()}});
    weir::segment::TsAudioFormat audio{.sample_rate = choice & 4 ? 44'100 : 0};
    if ((choice & 8) != 0) audio.adts = weir::media::AdtsFormat{1, 4, 2};
    writer.set_audio_format(audio);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(std::as_bytes(std::span(data, size)));
    TsWriter writer;
    weir::test::TsReader reader;
    bool video = true;
    bool audio = true;
    writer.set_tracks(video, audio);
    writer.begin_segment();
    set_formats(writer, input);
    std::size_t pictures = 0;
    Ticks time = (Ticks{1} << 33) - 90'000;
    const auto check = [&](const weir::Bytes& bytes) {
        const auto file = reader.read(bytes.memory());
        if (file.continuity_errors != 0) std::abort();
        if (file.video().size() != pictures) std::abort();
        pictures = 0;
    };
    while (!input.empty()) {
        const auto what = input.octet();
        time += 100 * (what >> 3);
        const std::size_t length = std::size_t{input.octet()} * ((what & 4) != 0 ? 8 : 1);
        switch (what & 3) {
            case 0:
                if (video && writer.write_video(input.take(length), (what & 8) != 0,
                                                time + static_cast<Ticks>(length), time)) {
                    ++pictures;
                }
                break;
            case 1:
                if (audio) static_cast<void>(writer.write_audio(input.take(length), time));
                break;
            case 2:
                set_formats(writer, input);
                break;
            default:
                check(writer.take());
                video = (what & 8) != 0;
                audio = !video || (what & 16) != 0;
                writer.set_tracks(video, audio);
                writer.begin_segment();
        }
    }
    check(writer.take());
    return 0;
}
