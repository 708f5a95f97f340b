// A KnownDomain while nobody looks at it: one block of bytes, a third of the memory.
//
// Threads: a value, never changed.
#pragma once

#include <string>
#include <string_view>

#include "known_domain.hpp"

namespace sternpost {

class PackedDomain {
public:
    explicit PackedDomain(const KnownDomain& known);

    std::string_view domain() const { return std::string_view(bytes_).substr(domain_begin, domain_length()); }
    KnownDomain unpack() const;

    bool operator==(const PackedDomain&) const = default;

private:
    static constexpr std::size_t domain_begin = 1;  // behind its length
    std::size_t domain_length() const { return static_cast<unsigned char>(bytes_.front()); }

    std::string bytes_;
};

}  // namespace sternpost
