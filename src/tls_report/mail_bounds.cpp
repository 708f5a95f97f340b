#include "mail_bounds.hpp"

#include <algorithm>
#include <array>

#include "mail.hpp"
#include "sternpost/base/ascii.hpp"

namespace sternpost {

namespace {

// Those that GMime parses as lists of addresses as soon as it sees them.
constexpr std::array<std::string_view, 6> fields_of_addresses{"from", "sender", "reply-to",
                                                              "to",   "cc",     "bcc"};
constexpr char no_field_of_addresses = 'X';

bool has_addresses(std::string_view name) {
    return std::ranges::any_of(fields_of_addresses, [&](std::string_view field) {
        return name.size() == field.size() && starts_with_ignoring_case(name, field);
    });
}

// Refuses more than `most` of something.
class Bound {
public:
    Bound(std::size_t most, std::string_view what) : most_(most), what_(what) {}

    Result<void> add(std::size_t more) {
        count_ += more;
        if (count_ <= most_) return {};
        return failure(Errc::invalid,
                       "the mail has more than " + std::to_string(most_) + " " + std::string(what_));
    }

private:
    const std::size_t most_;
    const std::string_view what_;
    std::size_t count_ = 0;
};

}  // namespace

std::size_t field_name_length(std::string_view line) {
    // RFC 5322 section 2.2: printable characters but the colon.
    const auto end = std::ranges::find_if(line, [](char c) { return c <= ' ' || c > '~' || c == ':'; });
    const auto length = static_cast<std::size_t>(end - line.begin());
    const auto colon =
        line.find_first_not_of(" \t", length);  // section 4.5.3: older mails may have blanks before it
    return colon != line.npos && line[colon] == ':' ? length : 0;
}

// Does not distinguish header and body: what looks like a field in a body is counted too, and costs nothing.
Result<void> tame(std::string& mail) {
    Bound size(max_mail_bytes, "bytes");
    Bound parts(max_mime_parts, "lines that begin a part");
    Bound fields(max_mail_fields, "fields");
    Bound content(max_content_field_bytes, "bytes in its Content fields");
    if (auto fits = size.add(mail.size()); !fits) return fits;
    bool in_content = false;
    for (std::size_t at = 0; at < mail.size();) {
        const std::size_t end = std::min(mail.find('\n', at), mail.size());
        const std::string_view line = std::string_view(mail).substr(at, end - at);
        if (line.starts_with("--"))
            if (auto fits = parts.add(1); !fits) return fits;
        if (line.empty() || !is_white_space(line.front())) {
            const std::string_view name = line.substr(0, field_name_length(line));
            if (!name.empty())
                if (auto fits = fields.add(1); !fits) return fits;
            in_content = starts_with_ignoring_case(name, "content-") && name.size() > 8;
            if (has_addresses(name)) mail[at] = no_field_of_addresses;
        }
        if (in_content)
            if (auto fits = content.add(line.size()); !fits) return fits;
        at = end + 1;
    }
    return {};
}

}  // namespace sternpost
