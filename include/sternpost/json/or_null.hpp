// A member of a JSON object that there may be nothing for: null then.
//
// Threads: any; pure.
#pragma once

#include <boost/json/string_view.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

#include "sternpost/base/time.hpp"

namespace sternpost {

template <class T>
boost::json::value or_null(const std::optional<T>& known) {
    return known ? boost::json::value(*known) : boost::json::value(nullptr);
}

inline boost::json::value or_null(const std::optional<WallTime>& time) {
    return time ? boost::json::value(to_iso8601(*time)) : boost::json::value(nullptr);
}

// An empty text says that there is none.
inline boost::json::value text_or_null(std::string_view text) {
    return text.empty() ? boost::json::value(nullptr)
                        : boost::json::value(boost::json::string_view(text.data(), text.size()));
}

}  // namespace sternpost
