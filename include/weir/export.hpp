// SPDX-License-Identifier: MIT
/// @file
/// Marks what the shared library exports; everything else is hidden.
#pragma once

#define WEIR_API __attribute__((visibility("default")))
