// A KnownDomain while nobody looks at it: one block of bytes, a third of the memory.
//
// Threads: a value, never changed.
#pragma once

#include <boost/container/options.hpp>
#include <boost/container/vector.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "known_domain.hpp"

namespace sternpost {

// Its lengths take half of what a string's do.
using PackedBytes = boost::container::vector<
    char, void, boost::container::vector_options_t<boost::container::stored_size<std::uint32_t>>>;

class PackedDomain {
public:
    // All of it except the name of the domain and `uncommitted`: what is uncommitted has no place here.
    explicit PackedDomain(const KnownDomain& known);
    KnownDomain unpack(std::string_view domain) const;
    std::size_t size() const { return bytes_.size(); }

    bool operator==(const PackedDomain&) const = default;

private:
    PackedBytes bytes_;
};

}  // namespace sternpost
