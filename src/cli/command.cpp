#include "command.hpp"

#include <filesystem>
#include <iostream>
#include <system_error>

#include "sternpost/base/printable.hpp"

namespace sternpost {

std::optional<Config> config_for(CommandLine& line) {
    std::error_code ignored;
    const bool usual = line.config_file.empty();
    const std::string path = usual ? STERNPOST_CONFIG_FILE : line.config_file;
    auto config = usual && !std::filesystem::exists(path, ignored) && !ignored ? read_config("", path)
                                                                               : read_config_file(path);
    if (config) return std::move(*config);
    std::cerr << config.error().detail << "\n";
    line.status = exit_config;
    return std::nullopt;
}

void complain(std::string_view what) {
    std::cerr << "sternpost: " << printable(what) << "\n";
}

}  // namespace sternpost
