#include "import_line.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <optional>
#include <utility>

#include "domain_json.hpp"
#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/policy/next_hop.hpp"
#include "sternpost/policy/record.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

// Whatever else exports have is ignored: it is the exporting daemon's own affair.
constexpr std::array<std::string_view, 15> fields{
    "domain",    "id",        "mode",   "mx",         "max_age", "fetched",   "expires",  "body",
    "last_used", "dane_seen", "failed", "refresh_at", "on_disk", "learnt_by", export_mark};
constexpr std::size_t max_depth = 4;

// Thrown only within this file, so that each field takes one line.
struct Wrong {
    std::string what;
};

[[noreturn]] void wrong(std::string_view field, const std::string& what) {
    throw Wrong{"\"" + printable(field, 60) + "\": " + what};
}

std::string text_in(const json::value& value, std::string_view field) {
    if (!value.is_string()) wrong(field, "it must be a text");
    const auto& text = value.get_string();
    return {text.data(), text.size()};
}

std::int64_t number_in(const json::value& value, std::string_view field) {
    if (value.is_int64()) return value.get_int64();
    wrong(field, "it must be a whole number");
}

int digits_at(std::string_view text, std::size_t at, std::size_t count, std::string_view field) {
    int value = 0;
    const char* end = text.data() + at + count;
    const auto [stopped, error] = std::from_chars(text.data() + at, end, value);
    if (error != std::errc() || stopped != end || !is_digit(text[at]))
        wrong(field, "it is no time such as 2026-12-01T08:00:00Z");
    return value;
}

WallTime time_in(const json::value& value, std::string_view field) {
    constexpr std::string_view form = "YYYY-MM-DDTHH:MM:SSZ";
    const std::string text = text_in(value, field);
    bool right = text.size() == form.size();
    for (std::size_t i = 0; right && i < form.size(); ++i)
        right = is_letter_or_digit(form[i]) && form[i] != 'T' && form[i] != 'Z' ? is_digit(text[i])
                                                                                : text[i] == form[i];
    if (!right) wrong(field, "it is no time such as 2026-12-01T08:00:00Z");
    const auto part = [&](std::size_t at, std::size_t count) { return digits_at(text, at, count, field); };
    const std::chrono::year_month_day date(std::chrono::year(part(0, 4)),
                                           std::chrono::month(static_cast<unsigned>(part(5, 2))),
                                           std::chrono::day(static_cast<unsigned>(part(8, 2))));
    const int hour = part(11, 2), minute = part(14, 2), second = part(17, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) wrong(field, "there is no such time");
    return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second);
}

std::vector<std::string> texts_in(const json::value& value, std::string_view field) {
    if (!value.is_array()) wrong(field, "it must be a list of texts");
    std::vector<std::string> texts;
    for (const json::value& each : value.get_array()) texts.push_back(text_in(each, field));
    return texts;
}

class Line {
public:
    Line(const json::object& object, WallTime now) : object_(object), now_(now) {
        for (const auto& [key, value] : object)
            if (std::ranges::find(fields, std::string_view(key.data(), key.size())) == fields.end())
                wrong(std::string_view(key.data(), key.size()), "there is no such field; leave it out");
    }

    ImportLine read() const {
        ImportLine line;
        line.origin = origin();
        DomainRecord& record = line.record;
        record.domain = domain();
        CachedPolicy cached;
        cached.id = id();
        cached.body = body();
        auto policy = read_policy(cached.body);
        if (!policy) throw Wrong{"the policy is not valid: " + policy.error().detail};
        cached.policy = std::move(*policy);
        refuse_contradictions(cached.policy);
        if (line.origin == Origin::own_export) need("fetched");
        cached.fetched = past_time("fetched").value_or(now_);
        if (const json::value* expires = find("expires");
            expires && time_in(*expires, "expires") != cached.expires())
            wrong("expires", "it is not fetched + max_age");
        record.policy = std::move(cached);
        record.last_used = past_time("last_used").value_or(now_);
        record.dane_seen = past_time("dane_seen");
        if (const json::value* refresh = find("refresh_at"))
            record.refresh_at = time_in(*refresh, "refresh_at");
        return line;
    }

private:
    const json::value* find(std::string_view field) const { return object_.if_contains(field); }
    const json::value& need(std::string_view field) const {
        if (const json::value* found = find(field)) return *found;
        wrong(field, "it is missing");
    }

    Origin origin() const {
        const json::value* mark = find(export_mark);
        if (mark == nullptr) return Origin::elsewhere;
        if (number_in(*mark, export_mark) != export_form)
            wrong(export_mark, "this version knows form 1 only");
        return Origin::own_export;
    }

    std::string domain() const {
        auto domain = read_mail_domain(text_in(need("domain"), "domain"));
        if (!domain) wrong("domain", "it is no domain of mail");
        return std::move(*domain);
    }

    std::string id() const {
        std::string id = text_in(need("id"), "id");
        const bool right =
            !id.empty() && id.size() <= max_id_length && std::ranges::all_of(id, is_letter_or_digit);
        if (!right) wrong("id", "it must have 1 to 32 letters and digits");
        return id;
    }

    std::string body() const {
        if (const json::value* given = find("body")) return text_in(*given, "body");
        std::string made = "version: STSv1\nmode: " + one_line(text_in(need("mode"), "mode"), "mode") + "\n";
        if (const json::value* mx = find("mx"))
            for (const std::string& pattern : texts_in(*mx, "mx"))
                made += "mx: " + one_line(pattern, "mx") + "\n";
        return made + "max_age: " + std::to_string(number_in(need("max_age"), "max_age")) + "\n";
    }

    static std::string one_line(const std::string& text, std::string_view field) {
        if (text.find_first_of("\r\n") != std::string::npos) wrong(field, "it has a line break");
        return text;
    }

    void refuse_contradictions(const Policy& policy) const {
        const auto is_other = [](std::string_view field) {
            wrong(field, "the text of the policy says another");
        };
        if (const auto* mode = find("mode"); mode && text_in(*mode, "mode") != to_string(policy.mode))
            is_other("mode");
        if (const auto* age = find("max_age");
            age && find("body") && number_in(*age, "max_age") != policy.max_age.count())
            is_other("max_age");
        const auto* mx = find("mx");
        if (mx == nullptr || find("body") == nullptr) return;
        const auto same = [](const MxPattern& pattern, const std::string& text) {
            return pattern.text() == text;
        };
        if (!std::ranges::equal(policy.mx, texts_in(*mx, "mx"), same)) is_other("mx");
    }

    std::optional<WallTime> past_time(std::string_view field) const {
        const json::value* found = find(field);
        if (found == nullptr) return std::nullopt;
        const WallTime time = time_in(*found, field);
        if (time > now_) wrong(field, "it lies in the future; see to the clocks of both machines");
        return time;
    }

    const json::object& object_;
    WallTime now_;
};

}  // namespace

Result<ImportLine> read_import_line(std::string_view line, WallTime now) try {
    json::parse_options options;
    options.max_depth = max_depth;
    boost::system::error_code error;
    const json::value value = json::parse(json::string_view(line.data(), line.size()), error, {}, options);
    if (error) return failure(Errc::invalid, "no JSON: " + error.message());
    if (!value.is_object()) return failure(Errc::invalid, "no JSON object");
    return Line(value.get_object(), now).read();
} catch (const Wrong& found) {
    return failure(Errc::invalid, printable(found.what));
}

}  // namespace sternpost
