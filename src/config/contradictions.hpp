// Values that are right one by one, but wrong together.
//
// Threads: the one that reads the file.
// Errors:  are added to the problems of the field.
#pragma once

#include <vector>

#include "field.hpp"
#include "sternpost/config/config.hpp"

namespace sternpost {

void check_dns(const TomlField& section, DnsConfig& dns);
void check_https(const TomlField& section, HttpsConfig& https);
// Whether the operator has named the socket himself.
void note_socket(const TomlField& section, AdminConfig& admin);
void check_fleet(const TomlField& section, const FleetConfig& fleet);
// Too many domains.
void check_watch(const TomlField& section, WatchConfig& watch);
void check_override(const TomlField& section, const OverrideConfig& entry);
// `values[i]` was read from the i-th element of the array in `all`; its domain is empty if it was wrong.
void check_overrides(const TomlField& all, const std::vector<OverrideConfig>& values);
void check_config(const TomlField& file, const Config& config);

}  // namespace sternpost
