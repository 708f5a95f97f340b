#include "sternpost/postfix/postconf.hpp"

#include <sys/wait.h>

#include <string_view>
#include <utility>

#include "program.hpp"

using boost::asio::awaitable;

namespace sternpost {

namespace {

static_assert(max_program_bytes == max_postconf_bytes);

std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

Result<void> check_end(const Ended& ended) {
    if (ended.status == 0) return {};
    std::string how = WIFSIGNALED(ended.status) ? "by signal " + std::to_string(WTERMSIG(ended.status))
                                                : "with status " + std::to_string(WEXITSTATUS(ended.status));
    if (!ended.err.empty()) how.append(": ").append(first_line(ended.err));
    return failure(Errc::temporary, "postconf ended " + how);
}

}  // namespace

awaitable<Result<std::string>> run_postconf(std::vector<std::string> arguments, PostconfOptions options) {
    Program postconf;
    postconf.name = "postconf";
    postconf.elsewhere = std::move(options.elsewhere);
    postconf.arguments = std::move(arguments);
    postconf.limit = options.limit;
    auto ended = co_await run_program(std::move(postconf));
    if (!ended) co_return tl::unexpected(ended.error());
    if (const auto good = check_end(*ended); !good) co_return tl::unexpected(good.error());
    co_return std::move(ended->out);
}

}  // namespace sternpost
