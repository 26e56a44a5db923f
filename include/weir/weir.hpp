// SPDX-License-Identifier: MIT
/// @file
/// Everything public except weir/gst.hpp.
#pragma once

#include <weir/access.hpp>
#include <weir/bytes.hpp>
#include <weir/channel.hpp>
#include <weir/cmaf_sink.hpp>
#include <weir/config.hpp>
#include <weir/encoder_ladder.hpp>
#include <weir/event.hpp>
#include <weir/hls_sink.hpp>
#include <weir/ingest.hpp>
#include <weir/origin.hpp>
#include <weir/rational.hpp>
#include <weir/result.hpp>
#include <weir/store.hpp>
