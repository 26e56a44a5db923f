// SPDX-License-Identifier: MIT
// A part of a pipeline that the host describes or makes.
#include <string>
#include <utility>
#include <vector>

#include "base/callback.hpp"
#include "ingest/pad_source.hpp"
#include "ingest/play.hpp"

namespace weir::ingest {

namespace {

using base::adopt_mini;
using base::adopt_object;

struct ParseContextFree {
    void operator()(GstParseContext* context) const noexcept { gst_parse_context_free(context); }
};

// What is missing, by name; the error's own text says only the first one.
Error launch_error(const GError* error, GstParseContext* context) {
    if (!g_error_matches(error, GST_PARSE_ERROR, GST_PARSE_ERROR_NO_SUCH_ELEMENT)) {
        return {ErrorCode::invalid_argument, error ? error->message : "cannot be parsed"};
    }
    std::string names;
    char** missing = gst_parse_context_get_missing_elements(context);
    for (char** name = missing; name && *name; ++name) {
        names += std::string(names.empty() ? "" : ", ") + "\"" + *name + "\"";
    }
    g_strfreev(missing);
    if (names.empty()) return {ErrorCode::unsupported, error->message};
    return {ErrorCode::unsupported,
            "GStreamer element " + names + " is missing: install the plugin that has it"};
}

// A bin with all the elements, floating. Errors: invalid_argument, unsupported.
Result<GstElement*> parse_launch(const std::string& launch) {
    const std::unique_ptr<GstParseContext, ParseContextFree> context(gst_parse_context_new());
    GError* raw_error = nullptr;
    // In parentheses, so that it is a bin also when it is one element only.
    GstElement* bin = gst_parse_launch_full(("bin.( " + launch + " )").c_str(), context.get(),
                                            GST_PARSE_FLAG_FATAL_ERRORS, &raw_error);
    const base::GErrorPtr error(raw_error);
    if (error || !bin) {
        if (bin) gst_object_unref(bin);
        return launch_error(error.get(), context.get());
    }
    return bin;
}

class GstInputSource final : public PadSource {
public:
    GstInputSource(GstInput config, const Delivery& delivery, SourceEvents events)
        : PadSource("weir-gst", delivery, std::move(events)), config_(std::move(config)) {}
    ~GstInputSource() override { shut_down(); }

    Result<void> start() override {
        auto made = config_.make ? make() : parse_launch(config_.launch);
        if (!made) return made.error();
        if (!gst_bin_add(pipeline().bin(), *made)) {
            return Error{ErrorCode::invalid_argument, "its element is in use already"};
        }
        watch(*made);
        if (!config_.make) expose_unlinked(*made);
        if (!config_.make && !has_source_pad(*made)) {
            return Error{ErrorCode::invalid_argument, "it has no unlinked source pad"};
        }
        take_static(*made);
        return play(pipeline(), events().failed);
    }

    bool waiting() const override { return !config_.live && feed().waits_for_room(); }

private:
    Result<GstElement*> make() const {
        GstElement* element = (*config_.make)();
        if (element) return element;
        return Error{ErrorCode::unavailable, "the host made no element"};
    }

    // Pads that come later: of the element itself, or of those in the bin that we parsed.
    void watch(GstElement* element) {
        base::connect<void, GstElement*, GstPad*>(element, "pad-added",
                                                  [this](GstElement*, GstPad* pad) { take(pad); });
        if (config_.make) return;
        for_each_element(GST_BIN(element), [this, element](GstElement* inner) {
            base::connect<void, GstElement*, GstPad*>(
                inner, "pad-added", [this, element](GstElement*, GstPad* pad) {
                    // Those that the launch line links are linked by now.
                    if (GST_PAD_DIRECTION(pad) == GST_PAD_SRC && !gst_pad_is_linked(pad)) {
                        expose(element, pad);
                    }
                });
        });
    }

    template <class Visit>
    static void for_each_element(GstBin* bin, const Visit& visit) {
        GstIterator* iterator = gst_bin_iterate_elements(bin);
        GValue item = G_VALUE_INIT;
        while (gst_iterator_next(iterator, &item) == GST_ITERATOR_OK) {
            visit(static_cast<GstElement*>(g_value_get_object(&item)));
            g_value_reset(&item);
        }
        g_value_unset(&item);
        gst_iterator_free(iterator);
    }

    // Now or later.
    static bool has_source_pad(GstElement* bin) {
        bool found = bin->numsrcpads > 0;
        for_each_element(GST_BIN(bin), [&found](GstElement* inner) {
            const GList* list = gst_element_get_pad_template_list(inner);
            for (; list; list = list->next) {
                const auto* pads = static_cast<GstPadTemplate*>(list->data);
                found = found || (GST_PAD_TEMPLATE_DIRECTION(pads) == GST_PAD_SRC &&
                                  GST_PAD_TEMPLATE_PRESENCE(pads) == GST_PAD_SOMETIMES);
            }
        });
        return found;
    }

    static void expose_unlinked(GstElement* bin) {
        while (GstPad* pad = gst_bin_find_unlinked_pad(GST_BIN(bin), GST_PAD_SRC)) {
            expose(bin, adopt_object(pad).get());
        }
    }

    static void expose(GstElement* bin, GstPad* pad) {
        GstPad* ghost = gst_ghost_pad_new(nullptr, pad);
        if (!ghost) return;
        gst_pad_set_active(ghost, TRUE);
        gst_element_add_pad(bin, ghost);
    }

    void take_static(GstElement* element) {
        std::vector<base::ObjectPtr<GstPad>> pads;
        gst_element_foreach_src_pad(
            element,
            +[](GstElement*, GstPad* pad, gpointer data) noexcept -> gboolean {
                static_cast<std::vector<base::ObjectPtr<GstPad>>*>(data)->push_back(
                    base::borrow_object(pad));
                return TRUE;
            },
            &pads);
        for (const auto& pad : pads) take(pad.get());
    }

    void take(GstPad* pad) {
        if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC || gst_pad_is_linked(pad)) return;
        const auto current = adopt_mini(gst_pad_get_current_caps(pad));
        const auto caps = current ? nullptr : adopt_mini(gst_pad_query_caps(pad, nullptr));
        const GstCaps* known = current ? current.get() : caps.get();
        const bool named = !gst_caps_is_any(known) && !gst_caps_is_empty(known);
        const GstStructure* structure = named ? gst_caps_get_structure(known, 0) : nullptr;
        const bool raw = structure && (gst_structure_has_name(structure, "video/x-raw") ||
                                       gst_structure_has_name(structure, "audio/x-raw"));
        if (raw) return take_raw(pad);
        parse(pad);
    }

    const GstInput config_;
};

}  // namespace

std::unique_ptr<Source> make_source(const GstInput& config, const Delivery& delivery,
                                    SourceEvents events) {
    return std::make_unique<GstInputSource>(config, delivery, std::move(events));
}

}  // namespace weir::ingest
