// SPDX-License-Identifier: MIT
// weir/gst.hpp: values realised as elements of a host's own pipeline.
#include <weir/gst.hpp>

#include <condition_variable>
#include <mutex>
#include <utility>

#include <weir/config.hpp>

#include "base/log.hpp"
#include "channel/hls_output.hpp"
#include "encode/encoder_ladder.hpp"
#include "hls/media_playlist.hpp"
#include "hls/multivariant_playlist.hpp"
#include "hls/programme_playlists.hpp"

namespace weir {

using base::adopt_object;
using base::GErrorPtr;

namespace {

using namespace std::chrono_literals;

// A host's frame rate is known too late to set the encoders up for it.
const Rational kSlowestHost{24, 1};

constexpr auto kSinkPatience = 10s;  // for the store to take the last segments and playlists

Result<void> check(const EncoderLadder& ladder, const HlsSink& sink) {
    const ChannelConfig config{
        .name = "element", .inputs = {TestPattern{}}, .ladder = ladder, .outputs = {sink}};
    const auto problems = validate(config);
    if (problems.empty()) return {};
    return Error{ErrorCode::invalid_argument, to_string(problems)};
}

// Tells the host's pipeline what went wrong in the element, as long as there is one.
class Reporter {
public:
    Reporter() { g_weak_ref_init(&element_, nullptr); }
    ~Reporter() { g_weak_ref_clear(&element_); }
    Reporter(const Reporter&) = delete;
    Reporter& operator=(const Reporter&) = delete;

    void report_for(GstElement* element) { g_weak_ref_set(&element_, element); }

    // What is in the store is not what came in, but the stream can go on.
    void warn(const std::string& text) {
        const GErrorPtr error(
            g_error_new_literal(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE, text.c_str()));
        post([&](GstObject* from) { return gst_message_new_warning(from, error.get(), nullptr); });
    }

    void fail(const std::string& text) {
        const GErrorPtr error(
            g_error_new_literal(GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, text.c_str()));
        post([&](GstObject* from) { return gst_message_new_error(from, error.get(), nullptr); });
    }

private:
    template <class Make>
    void post(Make make) {
        const auto element = adopt_object(static_cast<GstElement*>(g_weak_ref_get(&element_)));
        if (element) gst_element_post_message(element.get(), make(GST_OBJECT(element.get())));
    }

    GWeakRef element_;
};

// Keeps the playlists in the store up to date while the host's pipeline runs.
class PlaylistKeeper {
public:
    PlaylistKeeper(HlsSink sink, std::shared_ptr<Store> store, std::string directory,
                   std::string programme)
        : sink_(sink),
          store_(std::move(store)),
          directory_(std::move(directory)),
          programme_(std::move(programme)) {}

    void begin(std::shared_ptr<const media::Timeline> timeline, std::int64_t target_duration) {
        timeline_ = std::move(timeline);
        target_duration_ = target_duration;
    }

    void write() {
        const bool event = sink_.playlist_type == PlaylistType::event;
        const bool ended = timeline_->ended();
        const auto window = event ? timeline_->all() : timeline_->latest(sink_.window);
        if (window.slots.empty()) return;
        auto type = hls::MediaPlaylistType::none;
        if (event) type = ended ? hls::MediaPlaylistType::vod : hls::MediaPlaylistType::event;
        auto tracks = hls::playlist_tracks(*timeline_, target_duration_);
        for (auto& track : tracks) {
            track
                .frame_rate = {};  // the host's, which we do not know: better none than a wrong one
            put(track.name + ".m3u8",
                hls::to_text(hls::make_media_playlist(
                    window, track.name,
                    {.target_duration = target_duration_, .type = type, .uri_prefix = "../"})));
        }
        put("index.m3u8", hls::to_text(hls::make_multivariant_playlist(tracks)));
    }

    void finish() {
        write();
        const std::lock_guard lock(mutex_);
        finished_ = true;
        wake_.notify_all();
    }

    void wait() {
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, kSinkPatience, [&] { return finished_; });
    }

private:
    void put(const std::string& name, std::string text) {
        const auto key = directory_ + programme_ + "/hls/" + name;
        if (auto stored = store_->put(key, Bytes::from_string(std::move(text))); !stored) {
            GST_WARNING("%s: %s", key.c_str(), stored.error().message.c_str());
        }
    }

    const HlsSink sink_;
    const std::shared_ptr<Store> store_;
    const std::string directory_;
    const std::string programme_;
    std::shared_ptr<const media::Timeline> timeline_;
    std::int64_t target_duration_ = 0;
    std::mutex mutex_;  // guards finished_
    std::condition_variable wake_;
    bool finished_ = false;
};

void add_ghost(GstElement* bin, GstElement* element, const char* pad, const std::string& name) {
    const auto target = adopt_object(gst_element_get_static_pad(element, pad));
    gst_element_add_pad(bin, gst_ghost_pad_new(name.c_str(), target.get()));
}

std::shared_ptr<channel::HlsOutput> make_output(const HlsSink& sink, const EncoderLadder& ladder,
                                                const std::shared_ptr<Store>& store,
                                                const std::string& prefix,
                                                const std::shared_ptr<Reporter>& reporter) {
    const auto slash = prefix.rfind('/');
    const bool nested = slash != prefix.npos;
    const std::string parent = nested ? prefix.substr(0, slash) : "";
    const std::string programme = nested ? prefix.substr(slash + 1) : prefix;
    auto keeper =
        std::make_shared<PlaylistKeeper>(sink, store, nested ? parent + "/" : "", programme);
    auto output = std::make_shared<channel::HlsOutput>(
        // The frame rate is the host's: the longest frame that a target duration must allow for is
        // taken as that of 24 frames a second.
        sink,
        channel::EncodedOutputOptions{.ladder = ladder,
                                      .frame_rate = {24, 1},
                                      .prefix = parent,
                                      .programme = programme,
                                      .recorded = sink.playlist_type == PlaylistType::event},
        store,
        channel::EncodedOutputEvents{
            .on_slot = [keeper](const media::Slot&) { keeper->write(); },
            .on_store =
                [reporter](bool failing, const std::string& text) {
                    if (failing) reporter->warn("store: " + text);
                },
            .on_finished = [keeper] { keeper->finish(); },
            .on_error = [reporter](const std::string& text) { reporter->fail(text); },
            .before_eos = [keeper] { keeper->wait(); }});
    keeper->begin(output->timeline(), channel::target_duration(sink, {24, 1}));
    return output;
}

}  // namespace

Result<GstElement*> make_element(const EncoderLadder& ladder) {
    base::ensure_gst_initialised();
    const HlsSink sink{.segment_duration = 4 * ladder.gop, .window = 12 * ladder.gop};
    if (auto good = check(ladder, sink); !good) return good.error();
    auto made = encode::make_encoder_ladder(ladder, kSlowestHost);
    if (!made) return made.error();
    GstElement* element = made->release();
    g_object_force_floating(G_OBJECT(element));
    return element;
}

Result<GstElement*> make_element(const HlsSink& sink, const EncoderLadder& ladder,
                                 std::shared_ptr<Store> store, const std::string& prefix) {
    base::ensure_gst_initialised();
    if (auto good = check(ladder, sink); !good) return good.error();
    if (!store) return Error{ErrorCode::invalid_argument, "store: there is none"};
    if (!is_valid_key(prefix)) {
        return Error{ErrorCode::invalid_argument, "prefix: \"" + prefix + "\" is no key"};
    }
    const auto reporter = std::make_shared<Reporter>();
    const auto output = make_output(sink, ladder, store, prefix, reporter);
    auto branches = output->begin_run({.ladder = ladder, .run = channel::random_run()});
    if (!branches) return branches.error();
    output->expect_end();
    GstElement* bin = gst_bin_new(nullptr);
    reporter->report_for(bin);
    GstElement* tee = nullptr;
    if (!ladder.audio.empty()) {
        tee = gst_element_factory_make("tee", nullptr);
        gst_bin_add(GST_BIN(bin), tee);
        add_ghost(bin, tee, "sink", "audio");
    }
    for (std::size_t i = 0; i < ladder.video.size(); ++i) {
        GstElement* segmenter = (*branches)[i].element.get();
        gst_bin_add(GST_BIN(bin), segmenter);
        add_ghost(bin, segmenter, "video", "video_" + ladder.video[i].name);
        if (tee) gst_element_link_pads(tee, nullptr, segmenter, "audio");
    }
    return bin;
}

}  // namespace weir
