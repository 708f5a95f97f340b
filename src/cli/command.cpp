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
    void operator()(std::FILE* file) const {
        if (file != stdin) std::fclose(file);
    }
};

// Null: errno says why.
std::unique_ptr<std::FILE, CloseFile> open_file(const std::string& name) {
    return std::unique_ptr<std::FILE, CloseFile>(name == "-" ? stdin : std::fopen(name.c_str(), "re"));
}

tl::unexpected<Error> unreadable(const std::string& name) {
    return failure(Errc::invalid, (name == "-" ? "standard input" : name) + ": " + std::strerror(errno));
}

// False: there is no more, or no more can be read.
bool read_line(std::FILE* file, std::string& line, std::size_t most) {
    line.clear();
    bool any = false;
    for (int byte = std::getc(file); byte != EOF; byte = std::getc(file)) {
        any = true;
        if (byte == '\n') break;
        if (line.size() <= most) line += static_cast<char>(byte);
    }
    return any && std::ferror(file) == 0;
}

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
    const auto file = open_file(name);
    if (file == nullptr) return unreadable(name);
    std::string text(most + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get()) != 0) return unreadable(name);
    return text;
}

Result<void> for_each_line(const std::string& name, std::size_t most, const TakeLine& take) {
    const auto file = open_file(name);
    if (file == nullptr) return unreadable(name);
    std::size_t number = 0;
    for (std::string line; read_line(file.get(), line, most);)
        if (auto taken = take(++number, line); !taken) return taken;
    if (std::ferror(file.get()) != 0) return unreadable(name);
    return {};
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
