// SPDX-License-Identifier: MIT
// Origin's one function that knows channels: it lies here, because the origin's own folder must
// not.
#include <weir/origin.hpp>

#include "channel/channel_impl.hpp"
#include "origin/origin_impl.hpp"

namespace weir {

Result<void> Origin::mount(const std::string& path, const Channel& channel) {
    return impl_->mount(path, channel.impl_->endpoint());
}

}  // namespace weir
