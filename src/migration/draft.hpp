// A sternpost.toml in the making, which sternpostd accepts whatever is put into it.
//
// Threads: any; pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/migration/configuration.hpp"
#include "yaml.hpp"

namespace sternpost {

// A setting of the other resolver, as comments name it: "zones.strict".
struct Setting {
    std::string name;
    const YamlValue& value;
};

// Text as TOML has it, with its quotes.
std::string toml_text(std::string_view text);
// Whole seconds for a number that may have a fraction, rounded up; empty: it is not a number.
std::string toml_seconds(std::string_view number);

class Draft {
public:
    // `source`: what it comes from, for the head of the text.
    explicit Draft(std::string source) : source_(std::move(source)) {}

    // `section`: "dns", "maps.NAME", or empty for the top. Returns whether it is set: a value that sternpostd
    // refuses is left out, with the reason.
    bool set(const std::string& section, const std::string& key, const std::string& value,
             const Setting& because_of);
    void leave_out(const Setting& setting, std::string_view why);
    // To be done by hand.
    void warn(std::string what);
    // Worth knowing, and no more.
    void remark(std::string what);

    Migrated finish() const;

private:
    using Keys = std::vector<std::pair<std::string, std::string>>;

    std::string source_;
    std::map<std::string, Keys> sections_;  // the top comes first
    std::vector<std::string> left_out_;
    std::vector<std::string> remarks_;
    std::vector<std::string> warnings_;
};

}  // namespace sternpost
