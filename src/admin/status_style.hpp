// How the status page looks, and what a browser may do with it.
#pragma once

#include <string_view>

namespace sternpost {

extern const std::string_view status_style;

// Nothing but this very style sheet, by its SHA-256 (a test says what it is when the sheet has changed): no script, no
// picture, no font, no frame, and no form.
inline constexpr std::string_view status_content_policy =
    "default-src 'none'; style-src 'sha256-mVTV/nyBCBsbALXxjsPqZPNMZc0IogTZqCjb5WkD63Y='; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

}  // namespace sternpost
