#include "edition.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <string_view>

#include "admin_client.hpp"
#include "command.hpp"
#include "sternpost/policy/policy.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

// For all domains of a large operator.
constexpr std::size_t max_export_bytes = 64UL * 1024 * 1024;

// As it is: for comparing, not for showing.
std::string raw_text(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<Edition> edition_of(const json::object& object) {
    Edition edition{raw_text(object, "id"), raw_text(object, "body")};
    if (edition.body.empty()) return std::nullopt;
    return edition;
}

// nullopt: it is not such an object, or is about another domain.
std::optional<Edition> edition_in(std::string_view text, const std::string& domain) {
    boost::system::error_code error;
    const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
    if (error || !value.is_object()) return std::nullopt;
    const json::object& object = value.get_object();
    return raw_text(object, "domain") == domain ? edition_of(object) : std::nullopt;
}

std::optional<Edition> edition_in_lines(std::string_view text, const std::string& domain) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (auto found = edition_in(text.substr(0, end), domain)) return found;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::nullopt;
}

}  // namespace

Result<Edition> read_edition(const std::string& file, const std::string& domain) {
    auto text = read_file(file, max_export_bytes);
    if (!text) return failure(Errc::invalid, text.error().detail);
    if (text->size() > max_export_bytes)
        return failure(Errc::invalid,
                       file + " is longer than " + std::to_string(max_export_bytes) + " bytes");
    if (!text->starts_with('{')) {
        if (auto policy = read_policy(*text); !policy)
            return failure(Errc::invalid, file + " is no policy file: " + policy.error().detail);
        return Edition{"", std::move(*text)};
    }
    if (auto whole = edition_in(*text, domain)) return std::move(*whole);
    if (auto line = edition_in_lines(*text, domain)) return std::move(*line);
    return failure(Errc::invalid, file + " has no policy of " + domain +
                                      ": an object with \"domain\", \"id\" and \"body\" is wanted, as "
                                      "\"sternpost publish --json\" writes it");
}

std::optional<Edition> edition_of_daemon(const Config& config, const std::string& domain) {
    if (config.admin.socket.empty()) return std::nullopt;
    AdminClient client(config.admin.socket, short_patience);
    const auto reply = client.get("/v1/policies/" + domain);
    if (!reply || !reply->good()) return std::nullopt;
    return edition_of(reply->object());
}

}  // namespace sternpost
