#include "command.hpp"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <system_error>
#include <vector>

#include "sternpost/base/printable.hpp"

namespace sternpost {

namespace {

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

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

Result<std::string> read_file(const std::string& name, std::size_t most) {
    const std::unique_ptr<std::FILE, CloseFile> opened(name == "-" ? nullptr
                                                                   : std::fopen(name.c_str(), "re"));
    std::FILE* file = name == "-" ? stdin : opened.get();
    if (file == nullptr) return failure(Errc::invalid, name + ": " + std::strerror(errno));
    std::string text(most + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    if (std::ferror(file) != 0) return failure(Errc::invalid, name + ": " + std::strerror(errno));
    return text;
}

CLI::Option* add_from(CLI::App& command, std::string& kind) {
    const std::vector<std::string> names(other_resolver_names.begin(), other_resolver_names.end());
    return command.add_option("--from", kind, "The other resolver")
        ->type_name("KIND")
        ->check(CLI::IsMember(names));
}

OtherResolver other_resolver_of(std::string_view kind) {
    const auto found = std::ranges::find(other_resolver_names, kind);
    return static_cast<OtherResolver>(found - other_resolver_names.begin());
}

void complain(std::string_view what) {
    std::cerr << "sternpost: " << printable(what) << "\n";
}

}  // namespace sternpost
