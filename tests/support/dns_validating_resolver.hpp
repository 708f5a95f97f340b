// A real validating resolver (Unbound) in front of a real authoritative server (Knot) with a root of its own.
//
//     .          signed; its key is the trust anchor of Unbound
//     test.      signed, DS in the root
//     unsigned.  delegated without DS: insecure
//     bogus.     signed, but the DS in the root is another key's
#pragma once

#include <memory>
#include <string>

#include "tests/support/dns_https_lab.hpp"
#include "tests/support/temp_dir.hpp"

namespace sternpost::test {

class ValidatingResolver {
public:
    // `records`: lines of a zone file, of names that end in one of the zones above. Returns when Unbound
    // answers.
    explicit ValidatingResolver(const std::string& records);

    // Port 53.
    static constexpr const char* address = "127.0.53.1";
    static constexpr const char* authority = "127.0.53.2";

private:
    void start_knot(const std::string& records);
    void start_unbound();
    std::string keymgr(const std::string& zone, const std::string& command) const;

    TempDir directory_;
    std::unique_ptr<Program> knot_;
    std::unique_ptr<Program> unbound_;
};

}  // namespace sternpost::test
