// Asks a socketmap server questions as Postfix does, and times the answers. What it has seen is one JSON object.
//
// Closed loop: each connection has so many questions under way, and asks the next one when an answer has come. With a
// rate questions are due at even times instead, whatever the server does, and an answer is timed from then on: a server
// that stalls cannot hide it.
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "connection.hpp"
#include "histogram.hpp"
#include "questions.hpp"

namespace sternpost::bench {
namespace {

struct Options {
    std::string address;
    std::string map = "sts";
    std::size_t connections = 64;
    std::size_t depth = 1;
    std::string keys;          // a file, one a line
    std::size_t generate = 0;  // d0.BELOW, d1.BELOW, …
    std::string below = "test";
    bool as_postfix = false;
    bool once = false;
    double rate = 0;  // questions a second in all; 0: closed loop
    double seconds = 5;
    std::uint64_t most = UINT64_MAX;
    long lifetime = 0;  // of a connection; 0: until the end
    pid_t server = 0;
};

Options read_command_line(int argc, char** argv) {
    Options options;
    CLI::App command("Asks a socketmap server as Postfix does, and prints what it has seen as JSON.", "load");
    command.add_option("address", options.address, "IPV4:PORT, or the path of a UNIX socket")->required();
    command.add_option("--map", options.map, "The name of the map")->capture_default_str();
    command.add_option("--connections", options.connections)->capture_default_str();
    command.add_option("--depth", options.depth, "Questions under way on each")->capture_default_str();
    command.add_option("--keys", options.keys, "A file with a domain a line");
    command.add_option("--generate", options.generate, "So many domains instead: d0.BELOW, d1.BELOW, …");
    command.add_option("--below", options.below)->capture_default_str();
    command.add_flag("--as-postfix", options.as_postfix, "After NOTFOUND ask for .parent keys");
    command.add_flag("--once", options.once,
                     "Ask for each domain once, in turn, and end; else in random order");
    command.add_option("--rate", options.rate, "Questions a second in all, instead of a closed loop");
    command.add_option("--seconds", options.seconds)->capture_default_str();
    command.add_option("--questions", options.most, "End after so many");
    command.add_option("--lifetime", options.lifetime, "Seconds after which a connection is made anew");
    command.add_option("--server", options.server, "The server's process, whose CPU time is told");
    try {
        command.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::exit(command.exit(error));
    }
    return options;
}

std::vector<std::string> domains_of(const Options& options) {
    std::vector<std::string> domains;
    if (options.generate > 0)
        for (std::size_t i = 0; i < options.generate; ++i)
            domains.push_back(fmt::format("d{}.{}", i, options.below));
    std::ifstream file(options.keys);
    for (std::string line; std::getline(file, line);) domains.push_back(line);
    if (domains.empty()) throw std::runtime_error("no domain to ask for: --keys or --generate");
    return domains;
}

// All threads of another process; 0 where there is none.
std::chrono::nanoseconds cpu_time_of(pid_t process) {
    clockid_t clock{};
    timespec time{};
    if (process == 0 || ::clock_getcpuclockid(process, &clock) != 0) return {};
    ::clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void allow_descriptors(std::size_t count) {
    const rlim_t wanted = count + 64;
    rlimit limit{wanted, wanted};
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

// "OK secure", "OK dane-only", "NOTFOUND", "TEMP", "PERM", …
std::string status_of(std::string_view reply) {
    const auto space = reply.find(' ');
    const auto word = reply.substr(0, space);
    if (word != "OK" || space == reply.npos) return std::string(word);
    return std::string(reply.substr(0, reply.find(' ', space + 1)));
}

std::string without_quotes(std::string_view reply) {
    std::string text(reply);
    std::ranges::replace(text, '"', '\'');
    return text;
}

class Load {
public:
    explicit Load(const Options& options)
        : options_(options),
          address_(read_address(options.address)),
          questions_(domains_of(options), options.once ? Order::once : Order::random),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)),
          timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) {
        allow_descriptors(options.connections);
        for (std::size_t i = 0; i < options.connections; ++i)
            connections_.push_back(std::make_unique<Connection>(
                address_, options.map, epoll_,
                [this](Connection& connection, const Connection::Question& question, std::string_view reply) {
                    on_answer(connection, question, reply);
                }));
        epoll_event event{};
        event.events = EPOLLIN;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event);
    }

    void run() {
        begun_ = Clock::now();
        ends_ = begun_ +
                std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.seconds));
        const auto cpu = cpu_time_of(options_.server);
        if (options_.rate > 0)
            ask_what_is_due();
        else
            for (std::size_t i = 0; i < options_.depth; ++i)
                for (const auto& connection : connections_) ask_next(*connection, Clock::now());
        while (!ended()) {
            std::array<epoll_event, 256> events;
            const int ready = ::epoll_wait(epoll_, events.data(), events.size(), 100);
            for (int i = 0; i < ready; ++i) {
                auto* connection = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
                if (connection != nullptr)
                    connection->on_ready();
                else
                    ask_what_is_due();
            }
        }
        took_ = Clock::now() - begun_;
        server_cpu_ = cpu_time_of(options_.server) - cpu;
    }

    std::string report() const {
        std::string replies;
        for (const auto& [status, count] : replies_)
            replies += fmt::format(R"({}"{}": {})", replies.empty() ? "" : ", ", status, count);
        std::uint64_t closed = 0;
        for (const auto& connection : connections_) closed += connection->closed();
        const auto micro = [](std::chrono::nanoseconds time) {
            return static_cast<double>(time.count()) / 1e3;
        };
        const double seconds = std::chrono::duration<double>(took_).count();
        const auto answers = static_cast<double>(times_.count());
        return fmt::format(
            R"({{"questions": {}, "seconds": {:.3f}, "per_second": {:.0f}, "server_cpu_us": {:.3f}, )"
            R"("p50_us": {:.1f}, "p90_us": {:.1f}, "p99_us": {:.1f}, "p999_us": {:.1f}, "max_us": {:.1f}, )"
            R"("closed": {}, "replies": {{{}}}, "last_temp": "{}"}})",
            times_.count(), seconds, answers / seconds, micro(server_cpu_) / std::max(answers, 1.0),
            micro(times_.at(0.5)), micro(times_.at(0.9)), micro(times_.at(0.99)), micro(times_.at(0.999)),
            micro(times_.largest()), closed, replies, last_temp_);
    }

private:
    bool ended() const {
        if (Clock::now() >= ends_ || times_.count() >= options_.most) return true;
        return all_asked_ && under_way_ == 0;
    }

    void ask_next(Connection& connection, Clock::time_point due) {
        auto key = asked_ < options_.most ? questions_.next() : std::nullopt;
        if (key)
            ask(connection, std::move(*key), due);
        else
            all_asked_ = true;
    }

    void ask(Connection& connection, std::string key, Clock::time_point due) {
        ++asked_;
        ++under_way_;
        connection.ask({std::move(key), due});
    }

    void on_answer(Connection& connection, const Connection::Question& question, std::string_view reply) {
        const auto now = Clock::now();
        --under_way_;
        times_.note(now - question.due);
        ++replies_[status_of(reply)];
        if (reply.starts_with("TEMP")) last_temp_ = without_quotes(reply);
        const bool more = asked_ < options_.most;
        if (auto parent = Questions::parent_of(question.key);
            options_.as_postfix && more && parent && reply.starts_with("NOTFOUND"))
            return ask(connection, std::move(*parent), now);
        if (options_.lifetime > 0) connection.renew_if_older_than(std::chrono::seconds(options_.lifetime));
        if (options_.rate == 0) ask_next(connection, now);
    }

    // Each on the next connection, be that busy or not.
    void ask_what_is_due() {
        const auto interval =
            std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / options_.rate));
        const auto now = Clock::now();
        auto due = begun_ + interval * static_cast<Clock::rep>(turn_);
        for (; due <= now && !all_asked_; due = begun_ + interval * static_cast<Clock::rep>(turn_))
            ask_next(*connections_[turn_++ % connections_.size()], due);
        const auto since_boot = std::chrono::duration_cast<std::chrono::nanoseconds>(due.time_since_epoch());
        itimerspec next{};
        next.it_value.tv_sec = since_boot.count() / 1'000'000'000;
        next.it_value.tv_nsec = since_boot.count() % 1'000'000'000;
        std::uint64_t ignored = 0;
        [[maybe_unused]] const auto read = ::read(timer_, &ignored, sizeof ignored);
        ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &next, nullptr);
    }

    const Options& options_;
    Address address_;
    Questions questions_;
    int epoll_;
    int timer_;
    std::vector<std::unique_ptr<Connection>> connections_;
    Histogram times_;
    std::map<std::string, std::uint64_t, std::less<>> replies_;
    std::uint64_t asked_ = 0;
    std::uint64_t under_way_ = 0;
    std::uint64_t turn_ = 0;
    bool all_asked_ = false;
    std::string last_temp_;
    Clock::time_point begun_{};
    Clock::time_point ends_{};
    Clock::duration took_{};
    std::chrono::nanoseconds server_cpu_{};
};

}  // namespace
}  // namespace sternpost::bench

int main(int argc, char** argv) try {
    const auto options = sternpost::bench::read_command_line(argc, argv);
    sternpost::bench::Load load(options);
    load.run();
    std::cout << load.report() << "\n";
} catch (const std::exception& error) {
    std::cerr << "load: " << error.what() << "\n";
    return 1;
}
