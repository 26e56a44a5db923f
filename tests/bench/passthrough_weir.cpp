// SPDX-License-Identifier: MIT
// weir's side of passthrough.py: neither decodes nor encodes, and leaves HLS in a folder.
//
//   passthrough_weir URL FOLDER       pulls RTMP until it is told to end
//   passthrough_weir :PORT FOLDER     is an RTMP server itself, for live/bench
//   passthrough_weir FILE.flv FOLDER  as fast as it goes; what the transport costs is not in it
#include <weir/weir.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "channel/passthrough_output.hpp"
#include "ingest/flv.hpp"
#include "ingest/input.hpp"
#include "support/fake_clock.hpp"

namespace {

using namespace weir;

base::MiniPtr<GstBuffer> copy_buffer(std::span<const std::byte> bytes) {
    auto buffer = base::adopt_mini(gst_buffer_new_allocate(nullptr, bytes.size(), nullptr));
    gst_buffer_fill(buffer.get(), 0, bytes.data(), bytes.size());
    return buffer;
}

void configure(media::UnitSink& sink, media::UnitKind kind, const char* text,
               std::span<const std::byte> config) {
    auto caps = base::adopt_mini(gst_caps_from_string(text));
    const auto data = copy_buffer(config);
    gst_caps_set_simple(caps.get(), "codec_data", GST_TYPE_BUFFER, data.get(), nullptr);
    sink.configure(kind, caps);
}

// The clock goes with the stream.
void push(media::UnitSink& sink, const ingest::FlvUnit& unit, test::FakeClock& clock,
          media::MediaTime& last) {
    using Kind = ingest::FlvUnit::Kind;
    if (unit.kind == Kind::video_config) {
        return configure(sink, media::UnitKind::video,
                         "video/x-h264,stream-format=avc,alignment=au", unit.payload);
    }
    if (unit.kind == Kind::audio_config) {
        return configure(sink, media::UnitKind::audio, "audio/mpeg,mpegversion=4,stream-format=raw",
                         unit.payload);
    }
    const media::MediaTime dts = std::chrono::milliseconds(unit.dts_ms);
    const media::MediaTime pts = dts + std::chrono::milliseconds(unit.composition_ms);
    if (dts > last) clock.advance(dts - std::exchange(last, dts));
    auto buffer = copy_buffer(unit.payload);
    GST_BUFFER_DTS(buffer.get()) = static_cast<GstClockTime>(dts.count());
    GST_BUFFER_PTS(buffer.get()) = static_cast<GstClockTime>(pts.count());
    if (!unit.keyframe) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
    sink.push(unit.kind == Kind::video ? media::UnitKind::video : media::UnitKind::audio,
              std::move(buffer));
}

// No faster than the store: a live source is not, and what it has no room for would be lost.
void read_file(const char* name, channel::PassthroughOutput& output, test::FakeClock& clock,
               const std::atomic<std::int64_t>& published) {
    const auto opened = output.open();
    media::UnitSink& sink = *opened;

    media::MediaTime last{};
    ingest::FlvReader reader([&](const ingest::FlvUnit& unit) { push(sink, unit, clock, last); });
    std::ifstream file(name, std::ios::binary);
    std::array<char, 64 * 1024> part{};
    while (file.read(part.data(), part.size()) || file.gcount() > 0) {
        reader.push(std::as_bytes(std::span(part).first(static_cast<std::size_t>(file.gcount()))))
            .value();
        while (output.next_number() - published > 32) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
}

void receive(const Ingest& source, channel::PassthroughOutput& output) {
    const auto executor = base::Executor::control();
    const auto input = std::make_shared<ingest::Input>(
        source,
        [&](media::Pacing) {
            return ingest::Delivery{{}, nullptr, output.open()};
        },
        ingest::InputEvents{[](const ingest::StreamInfo&) {},
                            [](const std::string&, const std::string& cause) {
                                std::fprintf(stderr, "lost: %s\n", cause.c_str());
                            }},
        executor);
    executor->run([&] { input->start().value(); });
    wait_for_signal();
    executor->run([&] { input->stop(); });
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return std::fputs("usage: passthrough_weir URL|:PORT|FILE FOLDER\n", stderr), 2;
    base::ensure_gst_initialised();

    const std::string_view from = argv[1];
    const bool is_server = from.starts_with(':');
    const bool is_file = !is_server && from.find("://") == std::string_view::npos;
    const auto clock = std::make_shared<test::FakeClock>();
    std::atomic<std::int64_t> published = clock->utc() / std::chrono::seconds(2);
    std::promise<void> finished;
    const auto output = channel::PassthroughOutput::create(
        {.sink = {.playlist_type = PlaylistType::event},
         .passthrough = {},
         .alone = true,
         .prefix = "bench",
         .recorded = true},
        open_store(DirectoryStore{.path = argv[2]}).value(),
        is_file ? std::shared_ptr<base::Clock>(clock) : base::system_clock(),
        {.on_slot = [&](const media::Slot& slot) { published = slot.number; },
         .on_store =
             [](bool failing, const std::string& text) {
                 if (failing) std::fprintf(stderr, "store: %s\n", text.c_str());
             },
         .on_finished = [&] { finished.set_value(); },
         .on_alert =
             [](const std::string& code, bool set, const std::string& text) {
                 std::fprintf(stderr, "%s %d: %s\n", code.c_str(), set, text.c_str());
             }});
    output->begin("run", 0);
    if (is_file) {
        read_file(argv[1], *output, *clock, published);
    } else {
        receive(is_server ? Ingest(RtmpListen{.address = "127.0.0.1",
                                              .port = std::atoi(argv[1] + 1),
                                              .stream_key = "bench"})
                          : Ingest(RtmpPull{.url = argv[1]}),
                *output);
    }
    output->finish();
    finished.get_future().wait();
    output->close();
    return 0;
}
