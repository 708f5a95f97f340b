#include "remembered.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

// A named coroutine: `question` is copied into it, and captures no more than the resolver.
template <class Record, class Question>
Resolver::Answer<Record> RememberingResolver::remembered(Memory<Record>& memory, std::string name,
                                                         Servers whom, Question question) {
    const auto key = std::make_pair(name, whom);
    if (const auto found = memory.find(key); found != memory.end()) co_return found->second;
    auto answer = co_await question(std::move(name), whom);
    memory.insert_or_assign(key, answer);
    co_return answer;
}

Resolver::Answer<std::string> RememberingResolver::txt(std::string name) {
    return remembered(txt_, std::move(name), Servers::all,
                      [this](std::string asked, Servers) { return resolver_.txt(std::move(asked)); });
}

Resolver::Answer<MxRecord> RememberingResolver::mx(std::string name, Servers whom) {
    return remembered(mx_, std::move(name), whom, [this](std::string asked, Servers servers) {
        return resolver_.mx(std::move(asked), servers);
    });
}

Resolver::Answer<asio::ip::address> RememberingResolver::a(std::string name, Servers whom) {
    return remembered(a_, std::move(name), whom, [this](std::string asked, Servers servers) {
        return resolver_.a(std::move(asked), servers);
    });
}

Resolver::Answer<asio::ip::address> RememberingResolver::aaaa(std::string name, Servers whom) {
    return remembered(aaaa_, std::move(name), whom, [this](std::string asked, Servers servers) {
        return resolver_.aaaa(std::move(asked), servers);
    });
}

Resolver::Answer<std::string> RememberingResolver::cname(std::string name) {
    return remembered(cname_, std::move(name), Servers::validating,
                      [this](std::string asked, Servers) { return resolver_.cname(std::move(asked)); });
}

Resolver::Answer<TlsaRecord> RememberingResolver::tlsa(std::string name) {
    return remembered(tlsa_, std::move(name), Servers::validating,
                      [this](std::string asked, Servers) { return resolver_.tlsa(std::move(asked)); });
}

awaitable<Result<std::string>> GivenFetch::fetch(std::string, std::vector<asio::ip::address>, Queue) {
    co_return body_;
}

Result<std::optional<DomainRecord>> EmptyStore::find(const std::string&) {
    return std::optional<DomainRecord>();
}

awaitable<Result<void>> EmptyStore::put(DomainRecord) {
    co_return Result<void>();
}

Result<std::vector<std::string>> EmptyStore::due_for_refresh(WallTime, WallTime, std::size_t) {
    return std::vector<std::string>();
}

Result<std::size_t> EmptyStore::prune(const PruneLimits&, std::size_t) {
    return std::size_t{0};
}

Result<bool> EmptyStore::remove(const std::string&) {
    return false;
}

Result<std::vector<DomainRecord>> EmptyStore::list(const std::string&, std::size_t) {
    return std::vector<DomainRecord>();
}

Result<std::vector<DomainRecord>> EmptyStore::ending(Among, WallTime, std::size_t) {
    return std::vector<DomainRecord>();
}

Result<PolicyCounts> EmptyStore::count(const std::string&, std::size_t, WallTime) {
    return PolicyCounts();
}

}  // namespace sternpost
