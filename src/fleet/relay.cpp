#include "relay.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "sternpost/policy/host_name.hpp"

namespace sternpost {

std::string name_of_this_relay() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return normalise_host_name(name.data()).value_or("unnamed");
}

std::string random_token() {
    std::array<unsigned char, 16> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        throw std::runtime_error("no random numbers to be had");
    return fmt::format("{:02x}", fmt::join(bytes, ""));
}

}  // namespace sternpost
