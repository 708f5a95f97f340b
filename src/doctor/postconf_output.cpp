#include "postconf_output.hpp"

#include <charconv>
#include <sstream>
#include <utility>

namespace sternpost {

namespace {

// "name = value"; postconf omits the blank after the sign if there is no value.
std::optional<std::pair<std::string, std::string>> read_assignment(const std::string& line) {
    const std::size_t equals = line.find(" =");
    if (equals == std::string::npos) return std::nullopt;
    std::string value = line.substr(equals + 2);
    if (value.starts_with(' ')) value.erase(0, 1);
    return std::pair(line.substr(0, equals), std::move(value));
}

}  // namespace

PostfixSettings read_settings(std::string_view text) {
    PostfixSettings settings;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);)
        if (auto assignment = read_assignment(line))
            settings.insert_or_assign(assignment->first, assignment->second);
    return settings;
}

std::optional<PostfixVersion> read_version(std::string_view text) {
    PostfixVersion version;
    const char* const end = text.data() + text.size();
    auto at = std::from_chars(text.data(), end, version.major);
    if (at.ec != std::errc() || at.ptr == end || *at.ptr != '.') return std::nullopt;
    at = std::from_chars(at.ptr + 1, end, version.minor);
    if (at.ec != std::errc()) return std::nullopt;
    if (at.ptr != end && *at.ptr == '.') std::from_chars(at.ptr + 1, end, version.patch);
    return version;
}

std::vector<MasterLine> read_master(std::string_view text) {
    std::vector<MasterLine> all;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        MasterLine found;
        std::string is_private, unprivileged, wakeup;
        if (words >> found.name >> found.type >> is_private >> unprivileged >> found.chroot >> wakeup >>
            found.processes >> found.command)
            all.push_back(std::move(found));
    }
    return all;
}

std::vector<MasterOption> read_master_options(std::string_view text) {
    std::vector<MasterOption> all;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        auto assignment = read_assignment(line);
        if (!assignment) continue;
        auto& [place, value] = *assignment;
        // A service's name may have slashes, the other parts have none.
        const std::size_t parameter = place.rfind('/');
        const std::size_t type =
            parameter == 0 || parameter == std::string::npos ? parameter : place.rfind('/', parameter - 1);
        if (type == std::string::npos || parameter == std::string::npos) continue;
        all.push_back({place.substr(0, type), place.substr(type + 1, parameter - type - 1),
                       place.substr(parameter + 1), std::move(value)});
    }
    return all;
}

bool is_chrooted(const MasterLine& line, std::string_view compatibility_level) {
    if (line.chroot != "-") return line.chroot == "y";
    return compatibility_level.empty() || compatibility_level == "0" || compatibility_level.starts_with("0.");
}

}  // namespace sternpost
