// Looks at the operator's own domains every day, and when asked to; says in the log what has changed.
//
// One domain after the other, so that there is never more than one connection to a host; a domain with something that is
// broken, or could not be found out, is looked at again within the hour.
//
// Ownership: `app` owns the one watch. What `look` borrows outlives it.
// Threads:   the resolve loop.
// Errors:    none escape: what cannot be found out is part of a survey.
// Limits:    a look ends within max_look_time; the configuration bounds the number of domains.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sternpost/base/time.hpp"
#include "sternpost/survey/survey.hpp"

namespace sternpost {

inline constexpr std::chrono::minutes max_look_time{20};

struct WatchOptions {
    std::chrono::milliseconds interval{std::chrono::hours(24)};
    std::chrono::milliseconds interval_in_trouble{std::chrono::hours(1)};
};

// `survey` as of the last look; nullopt: there was none yet.
struct WatchedDomain {
    std::string domain;
    std::optional<Survey> survey;
    WallTime looked{};
};

struct WatchSources {
    // Ends early, by an exception, when it is cancelled.
    using Look = std::function<boost::asio::awaitable<Published>(std::string domain)>;

    Look look;
    // What was known about a domain before the start.
    std::function<std::optional<Edition>(const std::string& domain)> remembered;
};

class Watch {
public:
    Watch(boost::asio::any_io_executor executor, const Clock& clock, WatchSources sources,
          const WatchOptions& options = {});
    ~Watch();

    // From now on these, and no others; what is known about those that stay is kept.
    void watch(std::vector<std::string> domains);
    // In the order of the configuration.
    const std::vector<WatchedDomain>& domains() const;
    // Looks as soon as its turn comes, and returns when that is done. False: it is not watched.
    boost::asio::awaitable<bool> look(std::string domain);
    // Ends a look under way; whoever waits for one goes on.
    void stop();

private:
    class Inside;
    std::shared_ptr<Inside> inside_;
};

}  // namespace sternpost
