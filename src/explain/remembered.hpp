// What the daemon's decision relies on, when it is to be made on what has already been found.
//
// Ownership: the explainer's; each outlives the decision.
// Threads:   one loop.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "sternpost/dns/resolver.hpp"
#include "sternpost/https/policy_fetcher.hpp"
#include "sternpost/store/policy_store.hpp"

namespace sternpost {

// Asks another resolver, each thing only once: whoever asks again gets the same answer.
class RememberingResolver final : public Resolver {
public:
    explicit RememberingResolver(Resolver& resolver) : resolver_(resolver) {}

    Answer<std::string> txt(std::string name) override;
    Answer<MxRecord> mx(std::string name, Servers whom) override;
    Answer<boost::asio::ip::address> a(std::string name, Servers whom) override;
    Answer<boost::asio::ip::address> aaaa(std::string name, Servers whom) override;
    Answer<std::string> cname(std::string name) override;
    Answer<TlsaRecord> tlsa(std::string name) override;
    boost::asio::awaitable<Validation> validation() override { return resolver_.validation(); }

private:
    template <class Record>
    using Memory = std::map<std::pair<std::string, Servers>, Result<RecordSet<Record>>>;
    template <class Record, class Question>
    static Answer<Record> remembered(Memory<Record>& memory, std::string name, Servers whom,
                                     Question question);

    Resolver& resolver_;
    Memory<std::string> txt_;
    Memory<MxRecord> mx_;
    Memory<boost::asio::ip::address> a_;
    Memory<boost::asio::ip::address> aaaa_;
    Memory<std::string> cname_;
    Memory<TlsaRecord> tlsa_;
};

// Gives what was fetched.
class GivenFetch final : public PolicyFetcher {
public:
    void give(Result<std::string> body) { body_ = std::move(body); }
    boost::asio::awaitable<Result<std::string>> fetch(std::string host,
                                                      std::vector<boost::asio::ip::address> addresses,
                                                      Queue queue) override;

private:
    Result<std::string> body_ = failure(Errc::temporary, "it was not fetched");
};

// Knows nothing, and keeps nothing.
class EmptyStore final : public PolicyStore {
public:
    Result<std::optional<DomainRecord>> find(const std::string& domain) override;
    boost::asio::awaitable<Result<void>> put(DomainRecord record) override;
    Result<std::vector<std::string>> due_for_refresh(WallTime now, WallTime used_since,
                                                     std::size_t most) override;
    Result<std::size_t> prune(const PruneLimits& limits, std::size_t most) override;
    Result<bool> remove(const std::string& domain) override;
    Result<std::vector<DomainRecord>> list(const std::string& after, std::size_t most) override;
    Result<PolicyCounts> count(const std::string& after, std::size_t most, WallTime now) override;
    Result<std::vector<DomainRecord>> ending(Among which, WallTime now, std::size_t most) override;
    StoreFigures figures() const override { return {}; }
};

}  // namespace sternpost
