#include "sternpost/postfix/postmap.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "program.hpp"

using boost::asio::awaitable;

namespace sternpost {

namespace {

// An address literal: a resolver's table answers it without any look-up.
constexpr std::string_view question = "[127.0.0.1]";
constexpr std::array<std::string_view, 2> complaints{"postmap: fatal: ", "postmap: error: "};

// Its warnings do not keep it from an answer.
std::string complaint_in(std::string_view text) {
    for (const std::string_view complaint : complaints) {
        const std::size_t at = text.find(complaint);
        if (at == std::string_view::npos) continue;
        const std::string_view rest = text.substr(at + complaint.size());
        return std::string(rest.substr(0, rest.find('\n')));
    }
    return "";
}

}  // namespace

awaitable<Result<std::string>> try_table(std::string table, PostmapOptions options) {
    Program postmap;
    postmap.name = "postmap";
    postmap.elsewhere = std::move(options.elsewhere);
    if (!options.config_directory.empty()) {
        postmap.arguments.emplace_back("-c");
        postmap.arguments.push_back(std::move(options.config_directory));
    }
    postmap.arguments.emplace_back("-q");
    postmap.arguments.emplace_back(question);
    postmap.arguments.push_back(std::move(table));
    postmap.directory = std::move(options.queue_directory);
    postmap.limit = options.limit;
    const auto ended = co_await run_program(std::move(postmap));
    if (!ended) co_return tl::unexpected(ended.error());
    co_return complaint_in(ended->err);
}

}  // namespace sternpost
