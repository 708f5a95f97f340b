#include "sternpost/postfix/postfix_dnssec.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"

using boost::asio::awaitable;

namespace sternpost {

namespace {

constexpr std::size_t max_answer = 4096;

std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

struct TwoLines {
    std::string config_directory;
    std::string level;
};

// One line for each parameter asked for, in that order; the second may be empty.
Result<TwoLines> read_output(std::string_view output) {
    const std::string_view directory = first_line(output);
    const std::string_view rest = output.substr(std::min(output.size(), directory.size() + 1));
    const std::string_view level = first_line(rest);
    const bool two_lines = !rest.empty() && rest.size() == level.size() + 1;
    if (output.size() > max_answer || !directory.starts_with('/') || !two_lines)
        return failure(Errc::invalid, "postconf said what is not understood: " + std::string(output));
    TwoLines lines;
    lines.config_directory = directory;
    lines.level = level;
    return lines;
}

PostfixDnssec none(const Error& error) {
    PostfixDnssec answer;
    answer.said = printable(error.detail);
    return answer;
}

}  // namespace

awaitable<PostfixDnssec> ask_postconf() {
    return ask_postconf(PostconfOptions());
}

awaitable<PostfixDnssec> ask_postconf(PostconfOptions options) {
    std::vector<std::string> arguments;
    for (const char* argument : {"-xh", "config_directory", "smtp_dns_support_level"})
        arguments.emplace_back(argument);
    const auto said = co_await run_postconf(std::move(arguments), std::move(options));
    if (!said) co_return none(said.error());
    const auto lines = read_output(*said);
    if (!lines) co_return none(lines.error());
    PostfixDnssec answer;
    const bool dnssec = equal_ignoring_case(lines->level, "dnssec");
    answer.answer = dnssec ? PostfixDnssec::Answer::dnssec : PostfixDnssec::Answer::otherwise;
    answer.said = printable(lines->level);
    answer.main_cf = lines->config_directory + "/main.cf";
    co_return answer;
}

}  // namespace sternpost
