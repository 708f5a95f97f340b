// Finds out everything that decides the answer for one next-hop, and what the answer is.
//
// It looks at DNS and the policy host just as the daemon does, through the same rooms, and then has the daemon's own
// decision made on what was found: each thing is asked for once. It keeps nothing, and tells the daemon nothing.
//
// Ownership: whoever runs the loop owns it, until the loop has ended. Borrows all of LookTools, which outlive it.
// Threads:   one loop.
// Errors:    none escape: what cannot be found out is a verdict.
// Limits:    those of the resolver, the fetcher and the probe; max_dane_hosts MX hosts, probed one after the other.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "sternpost/explain/explanation.hpp"
#include "sternpost/explain/look.hpp"
#include "sternpost/resolve/domain_answers.hpp"

namespace sternpost {

// What the daemon bases its decisions on.
struct ExplainSettings {
    ResolveOptions options;
    std::shared_ptr<const Rules> rules;
};

class Explainer {
public:
    Explainer(const boost::asio::any_io_executor& executor, LookTools tools, ExplainSettings settings);
    ~Explainer();

    // `key`: as Postfix would ask for it. To be called once.
    boost::asio::awaitable<Explanation> explain(std::string key);

private:
    class Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace sternpost
