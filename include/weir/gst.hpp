// SPDX-License-Identifier: MIT
/// @file
/// weir's parts as GStreamer elements, for a host that composes its own pipeline. Opt-in: the only
/// public header that shows GStreamer.
/// Threads: thread-safe; the elements follow GStreamer's rules.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>

#include <weir/encoder_ladder.hpp>
#include <weir/export.hpp>
#include <weir/hls_sink.hpp>
#include <weir/result.hpp>
#include <weir/store.hpp>

namespace weir {

/// A bin that encodes the ladder. Pads: sinks "video" (video/x-raw) and, if the ladder has audio,
/// "audio" (audio/x-raw); sources "video_<name>" and "audio_<name>", one for each rendition. IDR
/// frames lie at multiples of `ladder.gop` in running time, in every rendition at the same frames.
///
/// Ownership: the caller receives a floating reference.
/// Errors: invalid_argument for a bad ladder; unsupported when a plugin is missing (named).
WEIR_API Result<GstElement*> make_element(const EncoderLadder& ladder);

/// A bin that writes HLS into the store: segments at `<prefix>/<rendition>/<n>-<run>.ts`, playlists
/// at `<prefix>/hls/`, renewed after every segment and finished (ENDLIST, VOD for an event) at
/// end-of-stream, before the element posts EOS. Pads: sinks "video_<name>" for each video
/// rendition of `ladder`, and "audio" when the ladder has one; link them to the pads of
/// make_element(ladder). Segments are cut where running time crosses multiples of
/// `sink.segment_duration`.
///
/// While the store fails the element posts a WARNING message and goes on; what it could not store
/// is not in the playlists. Media that cannot be packaged is an ERROR message.
///
/// Ownership: the caller receives a floating reference; the element keeps the store.
/// Errors: invalid_argument, unsupported.
WEIR_API Result<GstElement*> make_element(const HlsSink& sink, const EncoderLadder& ladder,
                                          std::shared_ptr<Store> store, const std::string& prefix);

}  // namespace weir
