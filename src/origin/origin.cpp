// SPDX-License-Identifier: MIT
// All of weir::Origin but mount(), which belongs to the layer that knows channels.
#include <weir/origin.hpp>

#include <vector>

#include "origin/origin_impl.hpp"

namespace weir {

Result<Origin> Origin::create(const OriginConfig& config) {
    const std::vector<Problem> problems = validate(config);
    if (!problems.empty()) return Error{ErrorCode::invalid_argument, to_string(problems)};
    auto impl = std::make_unique<Impl>();
    if (const auto opened = impl->open(config); !opened) return opened.error();
    return Origin(std::move(impl));
}

Origin::Origin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Origin::Origin(Origin&&) noexcept = default;
Origin& Origin::operator=(Origin&&) noexcept = default;
Origin::~Origin() = default;

Result<void> Origin::unmount(const std::string& path) {
    return impl_->unmount(path);
}

Result<void> Origin::reload_certificate() {
    return impl_->reload_certificate();
}

int Origin::port() const {
    return impl_->port();
}

void Origin::stop() {
    impl_->stop();
}

}  // namespace weir
