// Reads what postconf(1) prints.
//
// Threads: any; pure. Lines that are not understood are skipped: postconf is of this host, and may be newer than we are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/doctor/facts.hpp"

namespace sternpost {

// One "name = value" per line, of `postconf -x` or `-n`.
PostfixSettings read_settings(std::string_view text);

std::optional<PostfixVersion> read_version(std::string_view text);

// A line of `postconf -M`.
struct MasterLine {
    std::string name;
    std::string type;
    std::string chroot;     // "y", "n" or "-"
    std::string processes;  // a number or "-"
    std::string command;
};
std::vector<MasterLine> read_master(std::string_view text);

// A line of `postconf -P`: "relay/unix/syslog_name = postfix/$service_name".
struct MasterOption {
    std::string name;
    std::string type;
    std::string parameter;
    std::string value;
};
std::vector<MasterOption> read_master_options(std::string_view text);

// Column 5; if it says "-", by the default, which was "y" before compatibility level 1.
bool is_chrooted(const MasterLine& line, std::string_view compatibility_level);

}  // namespace sternpost
