// SPDX-License-Identifier: MIT
#include "media/slot.hpp"

namespace weir::media {
namespace {

// Whose media plays in the playlist of `rendition`.
const std::string& player_of(const std::string& rendition, const Names& stand_ins) {
    const bool stands_in = stand_ins && stand_ins->contains(rendition);
    return stands_in ? stand_ins->at(rendition) : rendition;
}

}  // namespace

std::string segment_file(const std::string& rendition, const Slot& slot, const char* extension) {
    return player_of(rendition, slot.stand_ins) + '/' + std::to_string(slot.number) + '-' +
           slot.run + '.' + extension;
}

std::string segment_name(const std::string& programme, const std::string& rendition,
                         const Slot& slot, const char* extension) {
    return programme + '/' + segment_file(rendition, slot, extension);
}

std::string part_file(const std::string& rendition, const Slot& slot, std::size_t index) {
    return segment_file(rendition, slot, (std::to_string(index) + ".m4s").c_str());
}

std::string part_file(const std::string& rendition, const PartHint& hint) {
    Slot slot;
    slot.number = hint.number;
    slot.run = hint.run;
    slot.stand_ins = hint.stand_ins;
    return part_file(rendition, slot, hint.index);
}

std::string init_file(const std::string& rendition, const Slot& slot) {
    if (!slot.inits) return {};
    const auto found = slot.inits->find(player_of(rendition, slot.stand_ins));
    return found == slot.inits->end() ? std::string() : found->second;
}

}  // namespace weir::media
