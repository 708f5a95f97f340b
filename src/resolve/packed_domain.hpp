// A KnownDomain while nobody looks at it: one block of bytes, a third of the memory.
//
// Threads: a value, never changed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "known_domain.hpp"

namespace sternpost {

class PackedDomain {
public:
    // All of it except the name of the domain and `uncommitted`: what is uncommitted has no place here.
    explicit PackedDomain(const KnownDomain& known);
    KnownDomain unpack(std::string_view domain) const;
    std::size_t size() const { return bytes_.size(); }

    bool operator==(const PackedDomain&) const = default;

private:
    std::string bytes_;
};

}  // namespace sternpost
