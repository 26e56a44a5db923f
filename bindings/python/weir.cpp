// SPDX-License-Identifier: MIT
// import weir: channels and origins from their JSON configurations, events as dictionaries.
//
// No Python runs on weir's threads: events wait in a bounded queue until Python asks for them. The
// GIL is released wherever weir may block.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <weir/weir.hpp>

namespace py = pybind11;

namespace {

struct PyError {
    weir::Error error;
};

template <class T>
T take(weir::Result<T> result) {
    if (!result) throw PyError{result.error()};
    return std::move(result).value();
}
void take(const weir::Result<void>& result) {
    if (!result) throw PyError{result.error()};
}

template <class T>
T parsed(weir::Parsed<T> result) {
    if (const auto* problems = std::get_if<std::vector<weir::Problem>>(&result)) {
        throw PyError{{weir::ErrorCode::invalid_argument, weir::to_string(*problems)}};
    }
    return std::get<T>(std::move(result));
}

// The queue between weir's control thread and Python. When it is full the oldest event goes, and is
// counted.
class Events {
public:
    static constexpr std::size_t kMost = 10'000;

    void push(const weir::Event& event) {
        const std::lock_guard lock(mutex_);
        if (queue_.size() == kMost) queue_.pop_front();
        queue_.push_back(weir::to_json(event));
        wake_.notify_one();
    }
    std::optional<std::string> pop(std::chrono::duration<double> timeout) {
        std::unique_lock lock(mutex_);
        if (!wake_.wait_for(lock, timeout, [&] { return !queue_.empty(); })) return std::nullopt;
        auto event = std::move(queue_.front());
        queue_.pop_front();
        return event;
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::string> queue_;
};

class PyChannel {
public:
    explicit PyChannel(const std::string& json)
        : channel_(take(weir::Channel::create(parsed(weir::channel_config_from_json(json))))),
          subscription_(channel_.on_event([this](const weir::Event& e) { events_.push(e); })) {}

    weir::Channel& channel() { return channel_; }
    std::optional<std::string> next_event(double timeout) {
        return events_.pop(std::chrono::duration<double>(timeout));
    }

private:
    Events events_;  // first: the subscription ends before it goes
    weir::Channel channel_;
    weir::Subscription subscription_;
};

std::string json_text(const py::object& config) {
    return py::module_::import("json").attr("dumps")(config).cast<std::string>();
}

}  // namespace

PYBIND11_MODULE(weir, m) {
    m.doc() = "Live-video headend in the process of its host";
    static py::handle error = PyErr_NewException("weir.Error", PyExc_RuntimeError, nullptr);
    m.attr("Error") = error;
    py::register_exception_translator([](std::exception_ptr pointer) {
        try {
            if (pointer) std::rethrow_exception(pointer);
        } catch (const PyError& e) {
            py::object instance = py::reinterpret_borrow<py::object>(error)(e.error.message);
            instance.attr("code") = std::string(weir::to_string(e.error.code));
            PyErr_SetObject(error.ptr(), instance.ptr());
        }
    });

    const auto no_gil = py::call_guard<py::gil_scoped_release>();
    py::class_<PyChannel>(m, "Channel", "A live channel; see weir/channel.hpp.")
        .def(py::init([](const py::object& config) {
                 const auto json = json_text(config);
                 const py::gil_scoped_release release;
                 return std::make_unique<PyChannel>(json);
             }),
             py::arg("config"), "From a dictionary with the fields of docs/configuration.md.")
        .def(
            "start", [](PyChannel& c) { take(c.channel().start()); }, no_gil)
        .def(
            "stop", [](PyChannel& c) { take(c.channel().stop()); }, no_gil)
        .def(
            "finish", [](PyChannel& c) { take(c.channel().finish()); }, no_gil)
        .def_property_readonly(
            "state", [](PyChannel& c) { return std::string(weir::to_string(c.channel().state())); })
        .def_property_readonly("programme", [](PyChannel& c) { return c.channel().programme(); })
        .def(
            "next_event",
            [](PyChannel& c, double timeout) -> py::object {
                std::optional<std::string> event;
                {
                    const py::gil_scoped_release release;
                    event = c.next_event(timeout);
                }
                if (!event) return py::none();
                return py::module_::import("json").attr("loads")(*event);
            },
            py::arg("timeout") = 10.0,
            "The next event as a dictionary, or None when none came within `timeout` seconds.");

    py::class_<weir::Origin>(m, "Origin", "The HTTP server; see weir/origin.hpp.")
        .def(py::init([](const py::object& config) {
                 const auto json = json_text(config);
                 const py::gil_scoped_release release;
                 return take(weir::Origin::create(parsed(weir::origin_config_from_json(json))));
             }),
             py::arg("config") = py::dict())
        .def(
            "mount",
            [](weir::Origin& o, const std::string& path, PyChannel& c) {
                take(o.mount(path, c.channel()));
            },
            py::arg("path"), py::arg("channel"))
        .def(
            "unmount", [](weir::Origin& o, const std::string& path) { take(o.unmount(path)); },
            py::arg("path"))
        .def_property_readonly("port", &weir::Origin::port)
        .def("reload_certificate", [](weir::Origin& o) { take(o.reload_certificate()); })
        .def("stop", &weir::Origin::stop, no_gil);
}
