// SPDX-License-Identifier: MIT
// Whether this is built under AddressSanitizer or ThreadSanitizer, whose own memory grows: GCC says
// it with a macro, clang with a feature.
#pragma once

namespace weir::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kSanitized =
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace weir::test
