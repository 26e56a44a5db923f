// SPDX-License-Identifier: MIT
// How far above their bounds encoders go.
// Threads: constants.
#pragma once

namespace weir::segment {

// x264 keeps to its buffer within a frame or two.
inline constexpr double kVideoPeakRatio = 1.05;
// The AAC encoder aims at its bit rate over seconds, not over one.
inline constexpr double kAudioPeakRatio = 1.15;

}  // namespace weir::segment
