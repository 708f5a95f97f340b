// A line is one TXT record.
#include "sternpost/policy/tls_report_record.hpp"

#include <algorithm>

#include "sternpost/base/ascii.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

namespace {

bool has_scheme(std::string_view uri, std::string_view scheme) {
    return std::ranges::equal(uri.substr(0, scheme.size()), scheme, {}, to_lower);
}

}  // namespace

void tls_report_record(std::string_view input) {
    const std::vector<std::string> texts = parts_of(input, "\n");
    const auto read = read_tls_report_record(texts);
    if (!read) return must(is_printable(read.error().detail), "a fault is printable");
    if (!*read) return;

    const auto& uris = (*read)->rua;
    must(!uris.empty(), "there is somebody to report to");
    std::string text = "v=TLSRPTv1;rua=";
    for (const std::string& uri : uris) {
        must(is_printable(uri) && uri.find_first_of(" ,;!") == uri.npos, "a URI can be told and written");
        must(has_scheme(uri, "mailto:") || has_scheme(uri, "https:"), "it has a scheme that is known");
        if (&uri != &uris.front()) text += " , ";
        text += uri;
    }
    const auto again = read_tls_report_record(std::vector<std::string>{text + ";"});
    must(again && *again && (*again)->rua == uris, "it reads the same again");
}

}  // namespace sternpost::fuzz
