// SPDX-License-Identifier: MIT
#include "ingest/rtmp_chunk.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ingest/rtmp_bytes.hpp"

using namespace weir;
using ingest::RtmpChunkLimits;
using ingest::RtmpChunkReader;
using ingest::RtmpMessage;
using namespace weir::test;

namespace {

struct Seen {
    std::uint8_t type;
    std::uint32_t stream;
    std::uint32_t time;
    Octets payload;
    friend bool operator==(const Seen&, const Seen&) = default;
};

struct Reading {
    std::vector<Seen> messages;
    Result<void> result{};
};

constexpr RtmpChunkLimits kTiny{.least_chunk_bytes = 1};

Reading read(std::span<const std::byte> input, std::size_t step = 1'000'000,
             RtmpChunkLimits limits = kTiny) {
    Reading reading;
    RtmpChunkReader reader(limits, [&](const RtmpMessage& message) -> Result<void> {
        reading.messages.push_back({message.type, message.stream, message.timestamp,
                                    Octets(message.payload.begin(), message.payload.end())});
        return {};
    });
    while (!input.empty() && reading.result) {
        const auto part = input.first(std::min(step, input.size()));
        reading.result = reader.push(part);
        input = input.subspan(part.size());
    }
    return reading;
}

// However it is cut, the same comes out.
std::vector<Seen> read_all_ways(const Octets& input) {
    const Reading whole = read(input);
    CHECK(whole.result);
    for (std::size_t step = 1; step <= 20; ++step) {
        CAPTURE(step);
        const Reading pieces = read(input, step);
        CHECK(pieces.result);
        CHECK(pieces.messages == whole.messages);
    }
    for (std::size_t at = 1; at < input.size() && input.size() < 2000; ++at) {
        Reading split;
        RtmpChunkReader reader(kTiny, [&](const RtmpMessage& message) -> Result<void> {
            split.messages.push_back({message.type, message.stream, message.timestamp,
                                      Octets(message.payload.begin(), message.payload.end())});
            return {};
        });
        CHECK(reader.push(std::span(input).first(at)));
        CHECK(reader.push(std::span(input).subspan(at)));
        if (split.messages != whole.messages) FAIL_CHECK("split at " << at);
    }
    return whole.messages;
}

std::vector<std::uint32_t> times(const std::vector<Seen>& messages) {
    std::vector<std::uint32_t> result;
    for (const auto& message : messages) result.push_back(message.time);
    return result;
}

const Octets kOne = bytes({1});
const Octets k200 = pattern(200);
const Octets kHead(k200.begin(), k200.begin() + 128);
const Octets kTail(k200.begin() + 128, k200.end());

}  // namespace

TEST_SUITE("ingest/rtmp_chunk") {
    TEST_CASE("every format leaves out what is as before") {
        const auto messages = read_all_ways(joined({
            chunk0(4, 1000, 2, 9, 1, bytes({1, 2})),
            chunk1(4, 40, 1, 8, bytes({3})),
            chunk2(4, 20, bytes({4})),
            chunk3(4, bytes({5})),
            chunk3(4, bytes({6})),
        }));
        CHECK(messages == std::vector<Seen>{{9, 1, 1000, bytes({1, 2})},
                                            {8, 1, 1040, bytes({3})},
                                            {8, 1, 1060, bytes({4})},
                                            {8, 1, 1080, bytes({5})},
                                            {8, 1, 1100, bytes({6})}});
    }

    TEST_CASE("after a full header the step is its time") {  // 5.3.1.2.4
        CHECK(times(read_all_ways(joined({chunk0(4, 30, 1, 9, 1, kOne), chunk3(4, kOne)}))) ==
              std::vector<std::uint32_t>{30, 60});
    }

    TEST_CASE("chunk stream ids have one, two or three bytes") {
        auto two = chunk0(0, 1, 1, 9, 1, kOne);
        two.insert(two.begin() + 1, std::byte{255});
        auto three = chunk0(1, 2, 1, 9, 1, kOne);
        three.insert(three.begin() + 1, {std::byte{0}, std::byte{1}});
        auto same = chunk0(1, 3, 1, 9, 1, kOne);  // 64 + 255, in three bytes
        same.insert(same.begin() + 1, {std::byte{255}, std::byte{0}});
        auto next = chunk3(0, kOne);  // the step of the one before is its time
        next.insert(next.begin() + 1, std::byte{255});
        CHECK(times(read_all_ways(joined({two, three, same, next}))) ==
              std::vector<std::uint32_t>{1, 2, 3, 6});
    }

    TEST_CASE("messages on several chunk streams interleave") {
        const auto audio = chunk0(6, 5, 3, 8, 1, bytes({7, 8, 9}));
        const auto messages =
            read_all_ways(joined({chunk0(4, 1, 200, 9, 1, kHead), audio, chunk3(4, kTail)}));
        CHECK(messages == std::vector<Seen>{{8, 1, 5, bytes({7, 8, 9})}, {9, 1, 1, k200}});
    }

    TEST_CASE("times are right across 0xFFFFFF and 0xFFFFFFFF, in either manner of type-3 chunks") {
        struct Row {
            const char* name;
            Octets input;
            std::vector<std::uint32_t> times;
        };
        const auto wrap = 0xFFFFFFF0U;
        const std::vector<Row> rows{
            {"one below", chunk0(4, 0xFFFFFE, 1, 9, 1, kOne), {0xFFFFFE}},
            {"exactly", chunk0(4, 0xFFFFFF, 1, 9, 1, kOne), {0xFFFFFF}},
            {"beyond from the start", chunk0(4, 0x2000000, 1, 9, 1, kOne), {0x2000000}},
            {"steps across",
             joined({chunk0(4, 0xFFFFF0, 1, 9, 1, kOne), chunk2(4, 20, kOne), chunk3(4, kOne)}),
             {0xFFFFF0, 0x1000004, 0x1000018}},
            {"repeated",
             joined({chunk0(4, 0x1000000, 200, 9, 1, kHead), chunk3(4, kTail, 0x1000000),
                     chunk1(4, 40, 1, 9, kOne)}),
             {0x1000000, 0x1000028}},
            {"not repeated",
             joined({chunk0(4, 0x1000000, 200, 9, 1, kHead), chunk3(4, kTail),
                     chunk1(4, 40, 1, 9, kOne)}),
             {0x1000000, 0x1000028}},
            {"a step that is extended, repeated",
             joined({chunk0(4, 5, 1, 9, 1, kOne), chunk1(4, 0x1000000, 200, 9, kHead),
                     chunk3(4, kTail, 0x1000000)}),
             {5, 0x1000005}},
            {"a step that is extended, with the absolute time repeated",
             joined({chunk0(4, 5, 1, 9, 1, kOne), chunk1(4, 0x1000000, 200, 9, kHead),
                     chunk3(4, kTail, 0x1000005)}),
             {5, 0x1000005}},
            {"a new message of format 3, repeated",
             joined({chunk0(4, 0x1000000, 1, 9, 1, kOne), chunk3(4, kOne, 0x1000000)}),
             {0x1000000, 0x1000000}},
            {"the clock begins again",
             joined({chunk0(4, wrap, 1, 9, 1, kOne), chunk2(4, 32, kOne)}),
             {wrap, 16}},
        };
        for (const auto& row : rows) {
            CAPTURE(row.name);
            CHECK(times(read_all_ways(row.input)) == row.times);
        }
    }

    TEST_CASE("a publisher that does not repeat extended times is known by its first chunk") {
        // Tails of fewer than four bytes: there would be nothing to look at.
        const auto big = pattern(130);
        const Octets head(big.begin(), big.begin() + 128);
        const Octets tail(big.begin() + 128, big.end());
        const auto messages = read_all_ways(joined({
            chunk0(4, 0x1000000, 200, 9, 1, kHead),
            chunk3(4, kTail),
            chunk0(4, 0x1000010, 130, 9, 1, head),
            chunk3(4, tail),
        }));
        REQUIRE(messages.size() == 2);
        CHECK(messages[1].payload == big);
    }

    TEST_CASE("the chunk size changes between chunks") {
        const auto rest = pattern(300);
        const auto part = [&](int from, int to) {
            return Octets(rest.begin() + from, rest.begin() + to);
        };
        const auto messages = read_all_ways(joined({
            chunk0(4, 1, 300, 9, 1, part(0, 128)),
            control(1, 10),
            chunk3(4, part(128, 138)),
            control(1, 0x7FFFFFFF),
            chunk3(4, part(138, 300)),
        }));
        CHECK(messages == std::vector<Seen>{{9, 1, 1, rest}});
    }

    TEST_CASE("chunks of one byte give the same message") {
        Octets input = control(1, 1);
        append(input, chunk0(4, 7, 200, 9, 1, std::span(k200).first(1)));
        for (std::size_t i = 1; i < 200; ++i)
            append(input, chunk3(4, std::span(k200).subspan(i, 1)));
        CHECK(read_all_ways(input) == std::vector<Seen>{{9, 1, 7, k200}});
    }

    TEST_CASE("an abort forgets what came of a message") {
        CHECK(read_all_ways(joined(
                  {chunk0(4, 1, 200, 9, 1, kHead), control(2, 4), chunk0(4, 2, 1, 9, 1, kOne)})) ==
              std::vector<Seen>{{9, 1, 2, kOne}});
        CHECK(read_all_ways(control(2, 77)).empty());  // nothing to abort
    }

    TEST_CASE("a message of no bytes is a message") {
        CHECK(read_all_ways(joined({chunk0(4, 1, 0, 8, 1, {}), chunk3(4, {})})).size() == 2);
    }

    TEST_CASE("the largest message comes whole, in small and in large chunks") {
        const auto payload = pattern(0xFFFFFF);
        for (const std::uint32_t chunk : {128U, 0xFFFFFFU}) {
            CAPTURE(chunk);
            Octets input = control(1, chunk);
            ingest::write_rtmp(input, 4, chunk, {9, 1, 0x1234567, payload});
            const auto reading = read(input, 60'000);
            REQUIRE(reading.messages.size() == 1);
            CHECK(reading.messages.front() == Seen{9, 1, 0x1234567, payload});
        }
    }

    TEST_CASE("what breaks the rules is refused") {
        struct Row {
            const char* name;
            Octets input;
            const char* text;
            RtmpChunkLimits limits = {};
        };
        Octets many;
        for (int i = 0; i < 33; ++i) append(many, chunk0(3 + i, 0, 1, 8, 1, kOne));
        Octets partial;
        for (int i = 0; i < 4; ++i) append(partial, chunk0(3 + i, 0, 200, 8, 1, kHead));
        const std::vector<Row> rows{
            {"begins with format 1", chunk1(4, 0, 1, 9, kOne), "incomplete"},
            {"begins with format 2", chunk2(4, 0, kOne), "incomplete"},
            {"begins with format 3", chunk3(4, kOne), "not begun"},
            {"a header within a message",  // CVE-2016-10191: sizes that differ within one
             joined({chunk0(4, 1, 200, 9, 1, kHead), chunk0(4, 1, 100, 9, 1, kTail)}), "before"},
            {"chunk size 0", control(1, 0), "chunk size of 0"},
            {"chunk size 1", control(1, 1), "chunk size of 1"},
            {"chunk size with the highest bit", control(1, 0x80000000), "chunk size"},
            {"chunk size cut off", chunk0(2, 0, 2, 1, 0, bytes({0, 0})), "cut off"},
            {"abort cut off", chunk0(2, 0, 2, 2, 0, bytes({0, 0})), "cut off"},
            {"too many chunk streams", many, "chunk streams"},
            {"too large a message",
             chunk0(4, 0, 101, 9, 1, kOne),
             "message of 101",
             {.message_bytes = 100}},
            {"too much begun", partial, "not complete", {.partial_bytes = 500}},
        };
        for (const auto& row : rows) {
            CAPTURE(row.name);
            for (const std::size_t step : {1UL, 1'000'000UL}) {
                const auto reading = read(row.input, step, row.limits);
                REQUIRE_FALSE(reading.result);
                CHECK(reading.result.error().code == ErrorCode::corrupt);
                CHECK(reading.result.error().message.find(row.text) != std::string::npos);
            }
        }
    }

    TEST_CASE("an answer has a full header, and only it") {
        Octets out;
        ingest::write_rtmp(out, 5, 128, {20, 1, 0, k200});
        CHECK(out == joined({chunk0(5, 0, 200, 20, 1, kHead), chunk3(5, kTail)}));
        out.clear();
        ingest::write_rtmp(out, 5, 128, {20, 1, 0x1000000, k200});
        CHECK(out ==
              joined({chunk0(5, 0x1000000, 200, 20, 1, kHead), chunk3(5, kTail, 0x1000000)}));
        out.clear();
        ingest::write_rtmp(out, 2, 128, {5, 0, 0, {}});
        CHECK(out == chunk0(2, 0, 0, 5, 0, {}));
    }
}
