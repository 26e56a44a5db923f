// SPDX-License-Identifier: MIT
#include "dash/mpd.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "media/marked_text.hpp"
#include "mpd_rig.hpp"
#include "mpd_schema.hpp"
#include "support/mpd_reader.hpp"

namespace weir::dash {
namespace {

using media::MediaTime;
using media::Part;
using media::Track;
using media::Window;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<Track> usual_tracks() {
    return {video_track("720p", 720), video_track("360p", 360), audio_track("audio", "en")};
}

constexpr std::int64_t kFirst = 897667200;  // the slot of 2 s at kMorning

// One part of every track; a slot has two.
void add_parts(Programme& programme, std::int64_t number, std::size_t index) {
    const MediaTime start = programme.grid().frame_time(programme.grid().first_frame(number));
    for (std::size_t i = 0; i < programme.tracks().size(); ++i) {
        Part part;
        part.number = number;
        part.index = index;
        part.count = 2;
        part.slot_start = start;
        part.start = start + index * seconds(1);
        part.end = part.start + seconds(1);
        programme.timeline().add_part(i, part);
    }
}

TEST_SUITE("dash/mpd") {
    TEST_CASE("a live manifest, word for word") {
        Programme programme(usual_tracks());
        programme.begin_run("3f9a");
        programme.slots(kFirst, kFirst + 5);
        const auto mpd =
            programme.mpd(programme.timeline().latest(seconds(120)), programme.options());
        CHECK(mpd.text == R"(<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="dynamic" availabilityStartTime="1970-01-01T00:00:03.500Z" publishTime="2026-11-22T08:00:00.000Z" minimumUpdatePeriod="PT1S" timeShiftBufferDepth="PT120S" suggestedPresentationDelay="PT6S" minBufferTime="PT2S" maxSegmentDuration="PT2.055S">
  <Period id="3f9a-897667200" start="PT1795334400S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" maxWidth="1280" maxHeight="720" maxFrameRate="30">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="30000" presentationTimeOffset="53860032000000" startNumber="897667200" duration="60000" media="../p/$RepresentationID$/$Number$-3f9a.m4s"/>
      <Representation id="720p" bandwidth="2880000" codecs="avc1.64001f" width="1280" height="720" frameRate="30" sar="1:1">
        <SegmentTemplate initialization="../p/720p/init-3f9a.mp4"/>
      </Representation>
      <Representation id="360p" bandwidth="1440000" codecs="avc1.64001f" width="640" height="360" frameRate="30" sar="1:1">
        <SegmentTemplate initialization="../p/360p/init-3f9a.mp4"/>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="48000" presentationTimeOffset="86176051200000" startNumber="897667200" duration="96000" media="../p/$RepresentationID$/$Number$-3f9a.m4s"/>
      <Representation id="audio" bandwidth="130000" codecs="mp4a.40.2" audioSamplingRate="48000">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="2"/>
        <SegmentTemplate initialization="../p/audio/init-3f9a.mp4"/>
      </Representation>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="/time"/>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time"/>
</MPD>
)");
    }

    TEST_CASE("a live manifest of low latency, word for word") {
        Programme programme({video_track("v", 720, {30000, 1001}), audio_track("a", "", 44'100)},
                            {30000, 1001}, milliseconds(2002));
        programme.begin_run("3f9a");
        const std::int64_t n = programme.slot_of(kMorning);
        programme.slots(n, n + 5);
        MpdOptions options = programme.options();
        options.low_latency = true;
        options.part_target = milliseconds(334);
        const auto mpd = programme.mpd(programme.timeline().latest(seconds(120)), options);
        CHECK(mpd.text == R"(<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019,http://www.dashif.org/guidelines/low-latency-live-v5" type="dynamic" availabilityStartTime="1970-01-01T00:00:02.250Z" publishTime="2026-11-22T08:00:00.000Z" minimumUpdatePeriod="PT0.5S" timeShiftBufferDepth="PT120S" suggestedPresentationDelay="PT1.502S" minBufferTime="PT0.334S" maxSegmentDuration="PT2.059S">
  <ServiceDescription id="0">
    <Latency target="1502" max="2002" min="1002"/>
    <PlaybackRate max="1.04" min="0.96"/>
  </ServiceDescription>
  <Period id="3f9a-896770429" start="PT1795334398.858S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" maxWidth="1280" maxHeight="720" maxFrameRate="30000/1001">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="30000" presentationTimeOffset="53860031965740" startNumber="896770429" duration="60060" availabilityTimeOffset="1.668" availabilityTimeComplete="false" media="../p/$RepresentationID$/$Number$-3f9a.m4s"/>
      <Representation id="v" bandwidth="2880000" codecs="avc1.64001f" width="1280" height="720" frameRate="30000/1001" sar="1:1">
        <SegmentTemplate initialization="../p/v/init-3f9a.mp4"/>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="220500" presentationTimeOffset="395871234948189" startNumber="896770429" duration="441441" availabilityTimeOffset="1.668" availabilityTimeComplete="false" media="../p/$RepresentationID$/$Number$-3f9a.m4s"/>
      <Representation id="a" bandwidth="130000" codecs="mp4a.40.2" audioSamplingRate="44100">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="2"/>
        <SegmentTemplate initialization="../p/a/init-3f9a.mp4"/>
      </Representation>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="/time"/>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time"/>
</MPD>
)");
    }

    TEST_CASE("a new run with other renditions, live, word for word") {
        Programme programme({video_track("720p", 720), audio_track("audio", "en")});
        programme.begin_run("3f9a");
        programme.slots(kFirst, kFirst + 5);
        programme.timeline().change_tracks(
            kFirst + 5, {video_track("360p", 360), audio_track("audio", "en")}, "77b0");
        programme.begin_run("77b0");
        programme.slots(kFirst + 5, kFirst + 6);
        const auto mpd =
            programme.mpd(programme.timeline().latest(seconds(120)), programme.options());
        CHECK(mpd.text == R"(<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="dynamic" availabilityStartTime="1970-01-01T00:00:03.500Z" publishTime="2026-11-22T08:00:00.000Z" minimumUpdatePeriod="PT1S" timeShiftBufferDepth="PT120S" suggestedPresentationDelay="PT6S" minBufferTime="PT2S" maxSegmentDuration="PT2.055S">
  <Period id="3f9a-897667200" start="PT1795334400S" duration="PT10S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" maxWidth="1280" maxHeight="720" maxFrameRate="30">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="30000" presentationTimeOffset="53860032000000" startNumber="897667200" duration="60000" media="../p/$RepresentationID$/$Number$-3f9a.m4s"/>
      <Representation id="720p" bandwidth="2880000" codecs="avc1.64001f" width="1280" height="720" frameRate="30" sar="1:1">
        <SegmentTemplate initialization="../p/720p/init-3f9a.mp4"/>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="48000" presentationTimeOffset="86176051200000" startNumber="897667200" duration="96000" media="../p/$RepresentationID$/$Number$-3f9a.m4s"/>
      <Representation id="audio" bandwidth="130000" codecs="mp4a.40.2" audioSamplingRate="48000">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="2"/>
        <SegmentTemplate initialization="../p/audio/init-3f9a.mp4"/>
      </Representation>
    </AdaptationSet>
  </Period>
  <Period id="77b0-897667205" start="PT1795334410S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" maxWidth="640" maxHeight="360" maxFrameRate="30">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="30000" presentationTimeOffset="53860032300000" startNumber="897667205" duration="60000" media="../p/$RepresentationID$/$Number$-77b0.m4s"/>
      <Representation id="360p" bandwidth="1440000" codecs="avc1.64001f" width="640" height="360" frameRate="30" sar="1:1">
        <SegmentTemplate initialization="../p/360p/init-77b0.mp4"/>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="48000" presentationTimeOffset="86176051680000" startNumber="897667205" duration="96000" media="../p/$RepresentationID$/$Number$-77b0.m4s"/>
      <Representation id="audio" bandwidth="130000" codecs="mp4a.40.2" audioSamplingRate="48000">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="2"/>
        <SegmentTemplate initialization="../p/audio/init-77b0.mp4"/>
      </Representation>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="/time"/>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time"/>
</MPD>
)");
    }

    TEST_CASE(
        "a finished programme with a short first slot, a gap and another run, word for word") {
        Programme programme({video_track("v", 720, {30000, 1001}), audio_track("a", "en")},
                            {30000, 1001});
        programme.begin_run("3f9a");
        programme.slot(kFirst, 30);
        programme.slots(kFirst + 1, kFirst + 20);
        programme.begin_run("77b0");
        programme.slot(kFirst + 23, 10);
        programme.slot(kFirst + 24, 0, 20);
        programme.timeline().finish();
        const auto mpd =
            recorded_mpd(programme.timeline().all(), programme.tracks(), {30000, 1001}, seconds(2));
        CHECK(mpd.text == R"(<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="static" mediaPresentationDuration="PT42.008633333S" minBufferTime="PT2S" maxSegmentDuration="PT2.055S">
  <Period id="3f9a-897667200" start="PT0S" duration="PT39.005633333S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" maxWidth="1280" maxHeight="720" maxFrameRate="30000/1001">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="30000" presentationTimeOffset="53860032030805" startNumber="897667200" media="../$RepresentationID$/$Number$-3f9a.m4s">
        <SegmentTimeline>
          <S t="53860032030805" d="30030"/>
          <S d="60060" r="1"/>
          <S d="59059"/>
          <S d="60060" r="15"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="v" bandwidth="2880000" codecs="avc1.64001f" width="1280" height="720" frameRate="30000/1001" sar="1:1">
        <SegmentTemplate initialization="../v/init-3f9a.mp4"/>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="48000" presentationTimeOffset="86176051249288" startNumber="897667200" media="../$RepresentationID$/$Number$-3f9a.m4s">
        <SegmentTimeline>
          <S t="86176051250176" d="48128"/>
          <S d="95232"/>
          <S d="96256"/>
          <S d="95232" r="1"/>
          <S d="96256" r="4"/>
          <S d="95232"/>
          <S d="96256" r="4"/>
          <S d="95232"/>
          <S d="96256" r="2"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="a" bandwidth="130000" codecs="mp4a.40.2" audioSamplingRate="48000">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="2"/>
        <SegmentTemplate initialization="../a/init-3f9a.mp4"/>
      </Representation>
    </AdaptationSet>
  </Period>
  <Period id="77b0-897667223" start="PT39.005633333S" duration="PT3.003S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" maxWidth="1280" maxHeight="720" maxFrameRate="30000/1001">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="30000" presentationTimeOffset="53860033390163" startNumber="897667223" media="../$RepresentationID$/$Number$-77b0.m4s">
        <SegmentTimeline>
          <S t="53860033390163" d="50050"/>
          <S d="40040"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="v" bandwidth="2880000" codecs="avc1.64001f" width="1280" height="720" frameRate="30000/1001" sar="1:1">
        <SegmentTemplate initialization="../v/init-77b0.mp4"/>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="48000" presentationTimeOffset="86176053424261" startNumber="897667223" media="../$RepresentationID$/$Number$-77b0.m4s">
        <SegmentTimeline>
          <S t="86176053425152" d="79872"/>
          <S d="63488"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="a" bandwidth="130000" codecs="mp4a.40.2" audioSamplingRate="48000">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="2"/>
        <SegmentTemplate initialization="../a/init-77b0.mp4"/>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
)");
    }

    TEST_CASE("from the start of a programme that goes on, word for word") {
        Programme programme({video_track("v", 720)});
        programme.begin_run("3f9a");
        programme.slot(kFirst, 15);
        programme.slots(kFirst + 1, kFirst + 4);
        MpdOptions options = programme.options();
        options.explicit_timeline = true;
        options.time_shift_buffer_depth = {};
        options.time_uri.clear();
        const auto mpd = programme.mpd(programme.timeline().all(), options);
        CHECK(mpd.text == R"(<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="dynamic" availabilityStartTime="1970-01-01T00:00:03.500Z" publishTime="2026-11-22T08:00:00.000Z" minimumUpdatePeriod="PT1S" suggestedPresentationDelay="PT6S" minBufferTime="PT2S" maxSegmentDuration="PT2.034S">
  <Period id="3f9a-897667200" start="PT1795334400.5S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" maxWidth="1280" maxHeight="720" maxFrameRate="30">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="30000" presentationTimeOffset="53860032015000" startNumber="897667200" media="../p/$RepresentationID$/$Number$-3f9a.m4s">
        <SegmentTimeline>
          <S t="53860032015000" d="45000"/>
          <S d="60000" r="2"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="v" bandwidth="2880000" codecs="avc1.64001f" width="1280" height="720" frameRate="30" sar="1:1">
        <SegmentTemplate initialization="../p/v/init-3f9a.mp4"/>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
)");
    }

    TEST_CASE("as long as nothing but slots comes, a live manifest stays as it is") {
        Programme programme(usual_tracks());
        programme.begin_run("3f9a");
        programme.slots(kFirst, kFirst + 2);
        const auto first =
            programme.mpd(programme.timeline().latest(seconds(10)), programme.options());
        for (std::int64_t n = kFirst + 2; n < kFirst + 300; ++n) {
            programme.slot(n);
            programme.timeline().trim(programme.grid().frame_time(60 * (n - 10)));
            CHECK(programme.mpd(programme.timeline().latest(seconds(10)), programme.options()) ==
                  first);
        }
    }

    TEST_CASE("a run whose first slot is being made has its Period, and the one before its end") {
        Programme programme({video_track("v", 720)});
        programme.begin_run("3f9a");
        programme.timeline().announce_run("3f9a");
        programme.slots(kFirst, kFirst + 3);
        programme.timeline().change_tracks(kFirst + 3, programme.tracks(), "77b0");
        programme.begin_run("77b0");
        add_parts(programme, kFirst + 3, 0);
        const Window window = programme.timeline().latest(seconds(120));
        REQUIRE(window.slots.back().number == kFirst + 2);
        const test::Mpd mpd = test::read_mpd(programme.mpd(window, programme.options()).text);
        REQUIRE(mpd.periods.size() == 2);
        CHECK(mpd.periods[0].duration == seconds(6));
        CHECK(mpd.periods[1].id == "77b0-" + std::to_string(kFirst + 3));
        CHECK(mpd.periods[1].start == mpd.periods[0].start + seconds(6));
        CHECK_FALSE(mpd.periods[1].duration);
        CHECK(mpd.periods[1].find("v")->initialization == "../p/v/init-77b0.mp4");

        // Its whole slot changes nothing.
        const auto before = programme.mpd(window, programme.options());
        add_parts(programme, kFirst + 3, 1);
        programme.slot(kFirst + 3);
        CHECK(programme.mpd(programme.timeline().latest(seconds(120)), programme.options()) ==
              before);
    }

    TEST_CASE("a Period with a hole behind it lists its segments, since shaka fills the hole") {
        Programme programme({video_track("v", 720)});
        programme.begin_run("3f9a");
        programme.slots(kFirst, kFirst + 3);
        programme.begin_run("77b0");
        programme.slot(kFirst + 3, 20);
        const auto read = [&] {
            return test::read_mpd(
                programme.mpd(programme.timeline().latest(seconds(120)), programme.options()).text);
        };
        REQUIRE(read().periods.size() == 1);
        CHECK(read().periods[0].duration == seconds(6));
        CHECK(read().periods[0].representations[0].duration);
        programme.slot(kFirst + 4);
        const test::Mpd mpd = read();
        REQUIRE(mpd.periods.size() == 2);
        CHECK(mpd.periods[0].duration == seconds(6));
        CHECK_FALSE(mpd.periods[0].representations[0].duration);
        CHECK(mpd.periods[0].representations[0].timeline.size() == 3);
        CHECK(mpd.periods[1].start == kMorning + seconds(8));
        CHECK(mpd.periods[1].representations[0].start_number == kFirst + 4);
    }

    TEST_CASE("the end closes a live manifest and moves nothing") {
        Programme programme(usual_tracks());
        programme.begin_run("3f9a");
        programme.slots(kFirst, kFirst + 5);
        programme.slot(kFirst + 5, 0, 15);
        const test::Mpd live = test::read_mpd(
            programme.mpd(programme.timeline().latest(seconds(120)), programme.options()).text);
        programme.timeline().finish();
        const test::Mpd ended = test::read_mpd(
            programme.mpd(programme.timeline().latest(seconds(120)), programme.options()).text);
        CHECK(ended.dynamic);
        CHECK(live.attributes.contains("minimumUpdatePeriod"));
        CHECK_FALSE(ended.attributes.contains("minimumUpdatePeriod"));
        CHECK_FALSE(live.attributes.contains("mediaPresentationDuration"));
        CHECK(test::read_mpd_duration(ended.attributes.at("mediaPresentationDuration")) ==
              kMorning + milliseconds(11'500));
        CHECK(ended.periods.at(0).start == live.periods.at(0).start);
        CHECK(ended.periods.at(0).duration == milliseconds(11'500));
        CHECK(ended.attributes.at("availabilityStartTime") ==
              live.attributes.at("availabilityStartTime"));
    }

    TEST_CASE("there is no manifest before there is a segment") {
        Programme programme(usual_tracks());
        programme.begin_run("3f9a");
        CHECK(programme.mpd(programme.timeline().all(), programme.options()) ==
              media::MarkedText{});
        programme.slot(kFirst, 7);  // short: not for $Number$
        CHECK(programme.mpd(programme.timeline().all(), programme.options()) ==
              media::MarkedText{});
        MpdOptions options = programme.options();
        options.explicit_timeline = true;
        CHECK(programme.mpd(programme.timeline().all(), options).text != "");
        programme.slot(kFirst + 1);
        CHECK(programme.mpd(programme.timeline().all(), programme.options()).text != "");
    }

    TEST_CASE("a query comes behind every URI of a segment and an init segment, and no other") {
        Programme programme(usual_tracks());
        programme.begin_run("3f9a");
        programme.slots(kFirst, kFirst + 5);
        const auto mpd =
            programme.mpd(programme.timeline().latest(seconds(120)), programme.options());
        const media::UriQueries queries{.playlist = {}, .media = "token=a&x=b"};
        const std::string text = with_queries(mpd, queries, "&amp;");
        const test::Mpd read = test::read_mpd(text);
        for (const auto& each : read.periods.at(0).representations) {
            CHECK(each.initialization == "../p/" + each.id + "/init-3f9a.mp4?token=a&x=b");
            CHECK(each.uri(7) == "../p/" + each.id + "/7-3f9a.m4s?token=a&x=b");
        }
        CHECK(text.find("value=\"/time\"") != std::string::npos);
    }

    TEST_CASE("a dollar sign in an address is itself") {
        Programme programme({video_track("v", 720)});
        programme.begin_run("$5");
        programme.slots(kFirst, kFirst + 5);
        MpdOptions options = programme.options();
        options.uri_prefix = "../$p&q/";
        const test::Mpd mpd =
            test::read_mpd(programme.mpd(programme.timeline().latest(seconds(120)), options).text);
        const auto& video = *mpd.periods.at(0).find("v");
        CHECK(video.uri(7) == "../$p&q/v/7-$5.m4s");
        CHECK(video.initialization == "../$$p&q/v/init-$$5.mp4");
    }

    TEST_CASE("video of each codec, and sound of each language and codec, has its set") {
        Track hevc = video_track("hevc", 1080);
        hevc.codecs = "hvc1.1.6.L120.B0";
        Track silent = audio_track("unknown", "en");
        silent.codecs.clear();
        Track surround = audio_track("surround", "en");
        surround.channels = 6;
        Track fast = video_track("fast", 720, {60, 1});
        Programme programme({video_track("720p", 720), fast, hevc, audio_track("a", "en"),
                             audio_track("b", "de"), surround, silent});
        programme.begin_run("3f9a");
        programme.slots(kFirst, kFirst + 5);
        const auto text =
            programme.mpd(programme.timeline().latest(seconds(120)), programme.options()).text;
        CHECK(text == R"(<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="dynamic" availabilityStartTime="1970-01-01T00:00:03.500Z" publishTime="2026-11-22T08:00:00.000Z" minimumUpdatePeriod="PT1S" timeShiftBufferDepth="PT120S" suggestedPresentationDelay="PT6S" minBufferTime="PT2S" maxSegmentDuration="PT2.055S">
  <Period id="3f9a-897667200" start="PT1795334400S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" maxWidth="1280" maxHeight="720" maxFrameRate="60">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <Representation id="720p" bandwidth="2880000" codecs="avc1.64001f" width="1280" height="720" frameRate="30" sar="1:1">
        <SegmentTemplate timescale="30000" presentationTimeOffset="53860032000000" startNumber="897667200" duration="60000" initialization="../p/720p/init-3f9a.mp4" media="../p/$RepresentationID$/$Number$-3f9a.m4s"/>
      </Representation>
      <Representation id="fast" bandwidth="2880000" codecs="avc1.64001f" width="1280" height="720" frameRate="60" sar="1:1">
        <SegmentTemplate timescale="60000" presentationTimeOffset="107720064000000" startNumber="897667200" duration="120000" initialization="../p/fast/init-3f9a.mp4" media="../p/$RepresentationID$/$Number$-3f9a.m4s"/>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" maxWidth="1920" maxHeight="1080" maxFrameRate="30">
      <SegmentTemplate timescale="30000" presentationTimeOffset="53860032000000" startNumber="897667200" duration="60000" media="../p/$RepresentationID$/$Number$-3f9a.m4s"/>
      <Representation id="hevc" bandwidth="4320000" codecs="hvc1.1.6.L120.B0" width="1920" height="1080" frameRate="30" sar="1:1">
        <SegmentTemplate initialization="../p/hevc/init-3f9a.mp4"/>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="3" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="48000" presentationTimeOffset="86176051200000" startNumber="897667200" duration="96000" media="../p/$RepresentationID$/$Number$-3f9a.m4s"/>
      <Representation id="a" bandwidth="130000" codecs="mp4a.40.2" audioSamplingRate="48000">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="2"/>
        <SegmentTemplate initialization="../p/a/init-3f9a.mp4"/>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="4" contentType="audio" mimeType="audio/mp4" lang="de" segmentAlignment="true" startWithSAP="1">
      <SegmentTemplate timescale="48000" presentationTimeOffset="86176051200000" startNumber="897667200" duration="96000" media="../p/$RepresentationID$/$Number$-3f9a.m4s"/>
      <Representation id="b" bandwidth="130000" codecs="mp4a.40.2" audioSamplingRate="48000">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="2"/>
        <SegmentTemplate initialization="../p/b/init-3f9a.mp4"/>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="5" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
      <SegmentTemplate timescale="48000" presentationTimeOffset="86176051200000" startNumber="897667200" duration="96000" media="../p/$RepresentationID$/$Number$-3f9a.m4s"/>
      <Representation id="surround" bandwidth="130000" codecs="mp4a.40.2" audioSamplingRate="48000">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="6"/>
        <SegmentTemplate initialization="../p/surround/init-3f9a.mp4"/>
      </Representation>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="/time"/>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time"/>
</MPD>
)");
        Schema().check(text);
    }

    TEST_CASE("three days take no longer than they may") {
        Programme programme(usual_tracks());
        programme.begin_run("3f9a");
        const std::int64_t slots = hours(72) / seconds(2);
        programme.slots(kFirst, kFirst + slots);
        const Window window = programme.timeline().all();
        MpdOptions options = programme.options();
        const auto fastest_ms = [&] {
            double fastest = 1e9;
            for (int i = 0; i < 5; ++i) {
                const auto begin = std::chrono::steady_clock::now();
                const auto mpd = programme.mpd(window, options);
                const std::chrono::duration<double, std::milli> time =
                    std::chrono::steady_clock::now() - begin;
                CHECK(mpd.text.size() > 1000);
                fastest = std::min(fastest, time.count());
            }
            return fastest;
        };
        const double by_number = fastest_ms();
        options.type = MpdType::static_;
        const double by_timeline = fastest_ms();
        MESSAGE("72 h: $Number$ " << by_number << " ms, SegmentTimeline " << by_timeline << " ms");
    }
}

}  // namespace
}  // namespace weir::dash
