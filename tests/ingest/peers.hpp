// SPDX-License-Identifier: MIT
// Those who send to an input: ffmpeg processes and GStreamer pipelines, and free ports for them.
// Threads: one owner.
#pragma once

#include <arpa/inet.h>
#include <gst/gst.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/gst_ptr.hpp"
#include "ingest/recording_sink.hpp"

namespace weir::test {

// A UDP port that was free a moment ago.
inline int free_udp_port() {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
    const bool bound =
        ::bind(socket, generic, size) == 0 && ::getsockname(socket, generic, &size) == 0;
    ::close(socket);
    if (!bound) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

// A process that ends with this object, by SIGKILL if it must.
class Process {
public:
    explicit Process(std::vector<std::string> arguments) {
        std::vector<char*> argv;
        for (auto& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::execvp(argv[0], argv.data());
            ::_exit(127);
        }
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() { kill(); }

    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        wait();
    }
    // Its exit code.
    int wait() {
        int status = 0;
        if (pid_ > 0) ::waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    pid_t pid_ = -1;
};

// A pipeline as gst-launch-1.0 takes it, playing.
class Player {
public:
    explicit Player(const std::string& launch) {
        GError* error = nullptr;
        pipeline_ = base::adopt_object(gst_parse_launch(launch.c_str(), &error));
        if (error) throw std::runtime_error(error->message);
        gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    }
    Player(const Player&) = delete;
    Player& operator=(const Player&) = delete;
    ~Player() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }

    // Until the end of the stream; false on an error.
    bool wait_end() {
        return wait(static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)) ==
               GST_MESSAGE_EOS;
    }
    bool wait_error() { return wait(GST_MESSAGE_ERROR) == GST_MESSAGE_ERROR; }

private:
    GstMessageType wait(GstMessageType types) {
        const auto bus = base::adopt_object(gst_element_get_bus(pipeline_.get()));
        const auto message =
            base::adopt_mini(gst_bus_timed_pop_filtered(bus.get(), 30 * GST_SECOND, types));
        return message ? GST_MESSAGE_TYPE(message.get()) : GST_MESSAGE_UNKNOWN;
    }

    base::ObjectPtr<GstElement> pipeline_;
};

// How many steps between frames are not `step_ns`.
inline int wrong_steps(std::span<const RecordingSink::Frame> frames, double step_ns,
                       double tolerance_ns) {
    int wrong = 0;
    for (std::size_t i = 1; i < frames.size(); ++i) {
        const auto step = static_cast<double>((frames[i].pts - frames[i - 1].pts).count());
        wrong += std::abs(step - step_ns) > tolerance_ns ? 1 : 0;
    }
    return wrong;
}

// The mean of a picture's luma, where nothing else tells which one it is.
inline double brightness(GstBuffer* picture, int width, int height) {
    GstMapInfo map;
    if (!gst_buffer_map(picture, &map, GST_MAP_READ)) return -1;
    double sum = 0;
    const auto count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    for (std::size_t i = 0; i < count && i < map.size; ++i) sum += map.data[i];
    gst_buffer_unmap(picture, &map);
    return sum / static_cast<double>(count);
}

}  // namespace weir::test
