// Each other resolver's configuration, translated into ours.
//
// Threads: any; pure.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "draft.hpp"
#include "yaml.hpp"

namespace sternpost {

inline constexpr std::string_view not_known_there = "that is no setting there";

// What becomes of one setting.
struct Translation {
    std::string name;        // as in Setting
    std::string_view usual;  // its default there, which needs no mention
    std::function<void(Draft&, const Setting&)> act;
};
std::function<void(Draft&, const Setting&)> no_equal(std::string_view why);
std::function<void(Draft&, const Setting&)> nothing();
void translate(Draft& draft, const Setting& setting, std::span<const Translation> translations);

void translate_mta_sts_resolver(const YamlValue& file, Draft& draft);
void translate_tlspol(const YamlValue& file, const MainCf& main_cf, Draft& draft);

// As part of a heading: with quotes, if it has a dot.
std::string toml_name(const std::string& name);
// "127.0.0.1:8461"; more than one if `host` stands for all.
std::vector<std::string> addresses_of(const std::string& host, const std::string& port);
// Sets `listen`, and mentions the packages' sockets: they are systemd's, which does not read our file.
void listen_at(Draft& draft, const std::vector<std::string>& addresses, const Setting& because_of);

}  // namespace sternpost
