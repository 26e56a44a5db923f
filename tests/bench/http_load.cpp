// SPDX-License-Identifier: MIT
// Viewers for http.py: one thread and epoll, so that it takes little of what it measures. All of it
// on 127.0.0.1.
//
// Usage: http_load PORT get CONNECTIONS SECONDS PATH     each asks again when it has its answer
//        http_load PORT mix CONNECTIONS SECONDS PLAYLIST SEGMENT
//                                         each a playlist a second and a segment every two
//        http_load PORT held CONNECTIONS ROUNDS PATH ANSWER
//                                         all ask, ANSWER is asked for, until all are answered
// Prints a JSON object. In "held" a line {"held":N} comes when all are held in the first round, and
// it waits for a line on its input.
// Threads: one.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

double milliseconds(Clock::duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

std::string request_for(const char* path) {
    return "GET " + std::string(path) +
           " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
           "User-Agent: Mozilla/5.0 (X11; Linux x86_64) bench\r\nAccept: */*\r\n"
           "Accept-Language: en\r\nConnection: keep-alive\r\n\r\n";
}

struct Viewer {
    int fd = -1;
    int kind = 0;  // of what it asked for
    Clock::time_point asked;
    std::string head;
    std::int64_t left = -1;  // of the body; -1 while the head comes
    bool busy = false;
};

struct Load {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int port = 0;
    std::vector<Viewer> viewers;
    std::vector<char> buffer = std::vector<char>(256 * 1024);
    std::uint64_t answers = 0;
    std::uint64_t bytes = 0;
    std::uint64_t errors = 0;

    int connect_one() const {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) die("socket");
        if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
            die("connect");
        }
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        return fd;
    }
    void open(int count) {
        viewers.resize(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < viewers.size(); ++i) {
            viewers[i].fd = connect_one();
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = i;
            epoll_ctl(epoll, EPOLL_CTL_ADD, viewers[i].fd, &event);
        }
    }
    void ask(Viewer& viewer, const std::string& request, int kind) {
        viewer.kind = kind;
        viewer.asked = Clock::now();
        viewer.busy = true;
        viewer.left = -1;
        viewer.head.clear();
        if (::send(viewer.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request.size())) {
            die("send");
        }
    }
    // Whether the answer is complete.
    bool receive(Viewer& viewer) {
        const ssize_t got = recv(viewer.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
        if (got <= 0) die("the server closed");
        bytes += static_cast<std::uint64_t>(got);
        std::string_view part(buffer.data(), static_cast<std::size_t>(got));
        if (viewer.left < 0) {
            viewer.head.append(part);
            const std::size_t end = viewer.head.find("\r\n\r\n");
            if (end == std::string::npos) return false;
            const std::size_t field = viewer.head.find("Content-Length: ");
            const std::int64_t length =
                field < end ? std::atoll(viewer.head.c_str() + field + 16) : 0;
            if (!viewer.head.starts_with("HTTP/1.1 2")) ++errors;
            viewer.left = length - static_cast<std::int64_t>(viewer.head.size() - end - 4);
        } else {
            viewer.left -= got;
        }
        if (viewer.left > 0) return false;
        if (viewer.left < 0) ++errors;
        viewer.busy = false;
        ++answers;
        return true;
    }
    template <class OnAnswer>
    void wait(int timeout_ms, OnAnswer on_answer) {
        std::array<epoll_event, 256> events{};
        const int count =
            epoll_wait(epoll, events.data(), static_cast<int>(events.size()), timeout_ms);
        for (int i = 0; i < count; ++i) {
            Viewer& viewer = viewers[events[static_cast<std::size_t>(i)].data.u64];
            if (receive(viewer)) on_answer(viewer);
        }
    }
};

double percentile(std::vector<double>& values, double part) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const double last = static_cast<double>(values.size() - 1);
    return values[static_cast<std::size_t>(last * part)];
}

int run_get(Load& load, int connections, int seconds, const char* path) {
    load.open(connections);
    const std::string request = request_for(path);
    for (Viewer& viewer : load.viewers) load.ask(viewer, request, 0);
    std::vector<double> times;
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::seconds(seconds);
    while (Clock::now() < end) {
        load.wait(100, [&](Viewer& viewer) {
            times.push_back(milliseconds(Clock::now() - viewer.asked));
            load.ask(viewer, request, 0);
        });
    }
    const double elapsed = milliseconds(Clock::now() - begin) / 1000;
    std::printf(
        "{\"answers\":%llu,\"bytes\":%llu,\"errors\":%llu,\"seconds\":%.3f,\"p50_ms\":%.3f,"
        "\"p99_ms\":%.3f}\n",
        static_cast<unsigned long long>(load.answers), static_cast<unsigned long long>(load.bytes),
        static_cast<unsigned long long>(load.errors), elapsed, percentile(times, 0.5),
        percentile(times, 0.99));
    return 0;
}

int run_mix(Load& load, int connections, int seconds, const char* playlist, const char* segment) {
    load.open(connections);
    const std::array<std::string, 2> requests = {request_for(playlist), request_for(segment)};
    struct Due {
        Clock::time_point at;
        std::size_t viewer;
        int step;
        bool operator<(const Due& other) const { return at > other.at; }
    };
    // Thirds of two seconds' work: playlist, segment (behind it), playlist.
    constexpr std::array<int, 3> kKinds = {0, 1, 0};
    constexpr std::array<int, 3> kPauses = {500, 500, 1000};
    std::priority_queue<Due> due;
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < load.viewers.size(); ++i) {
        const auto share = static_cast<int>(i * 2000 / load.viewers.size());
        due.push({begin + std::chrono::milliseconds(share), i, 0});
    }
    std::array<std::vector<double>, 2> times;
    std::uint64_t late = 0;
    const auto end = begin + std::chrono::seconds(seconds);
    while (Clock::now() < end) {
        auto now = Clock::now();
        while (!due.empty() && due.top().at <= now) {
            Due next = due.top();
            due.pop();
            Viewer& viewer = load.viewers[next.viewer];
            const auto step = static_cast<std::size_t>(next.step);
            if (viewer.busy) {
                ++late;
            } else {
                load.ask(viewer, requests[static_cast<std::size_t>(kKinds[step])], kKinds[step]);
            }
            next.at += std::chrono::milliseconds(kPauses[step]);
            next.step = (next.step + 1) % 3;
            due.push(next);
        }
        load.wait(1, [&](Viewer& viewer) {
            times[static_cast<std::size_t>(viewer.kind)].push_back(
                milliseconds(Clock::now() - viewer.asked));
        });
    }
    std::printf(
        "{\"answers\":%llu,\"bytes\":%llu,\"errors\":%llu,\"late\":%llu,\"playlist_p50_ms\":%.3f,"
        "\"playlist_p99_ms\":%.3f,\"segment_p50_ms\":%.3f,\"segment_p99_ms\":%.3f}\n",
        static_cast<unsigned long long>(load.answers), static_cast<unsigned long long>(load.bytes),
        static_cast<unsigned long long>(load.errors), static_cast<unsigned long long>(late),
        percentile(times[0], 0.5), percentile(times[0], 0.99), percentile(times[1], 0.5),
        percentile(times[1], 0.99));
    return 0;
}

int run_held(Load& load, int connections, int rounds, const char* path, const char* answer) {
    load.open(connections);
    const std::string request = request_for(path);
    const std::string trigger = request_for(answer);
    const int other = load.connect_one();
    std::string times;
    for (int round = 0; round < rounds; ++round) {
        for (Viewer& viewer : load.viewers) load.ask(viewer, request, 0);
        usleep(500'000);  // the server has them all long before
        if (round == 0) {
            std::printf("{\"held\":%d}\n", connections);
            std::fflush(stdout);
            while (std::getchar() != '\n') continue;
        }
        const auto begin = Clock::now();
        if (::send(other, trigger.data(), trigger.size(), MSG_NOSIGNAL) <= 0) die("send");
        int open = connections;
        while (open > 0) load.wait(1000, [&](Viewer&) { --open; });
        if (!times.empty()) times += ',';
        times += std::to_string(milliseconds(Clock::now() - begin));
    }
    std::printf("{\"errors\":%llu,\"rounds_ms\":[%s]}\n",
                static_cast<unsigned long long>(load.errors), times.c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6) return 2;
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    Load load;
    load.port = std::atoi(argv[1]);
    const std::string_view mode = argv[2];
    const int connections = std::atoi(argv[3]);
    const int number = std::atoi(argv[4]);
    if (mode == "get") return run_get(load, connections, number, argv[5]);
    if (mode == "mix" && argc == 7) return run_mix(load, connections, number, argv[5], argv[6]);
    if (mode == "held" && argc == 7) return run_held(load, connections, number, argv[5], argv[6]);
    return 2;
}
