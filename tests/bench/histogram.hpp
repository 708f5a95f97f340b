// Times counted by class, as HdrHistogram does it: 128 classes to each doubling, so that no value is off by 1 %.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

namespace sternpost::bench {

class Histogram {
public:
    void note(std::chrono::nanoseconds time) {
        const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
        ++classes_[class_of(value)];
        ++count_;
        largest_ = std::max(largest_, value);
    }

    // The time that `share` (0 to 1) of all those noted do not exceed.
    std::chrono::nanoseconds at(double share) const {
        const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
        std::uint64_t passed = 0;
        for (std::size_t i = 0; i < classes_.size(); ++i) {
            passed += classes_[i];
            if (passed > wanted)
                return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(upper_end(i), largest_)));
        }
        return largest();
    }

    std::chrono::nanoseconds largest() const {
        return std::chrono::nanoseconds(static_cast<std::int64_t>(largest_));
    }
    std::uint64_t count() const { return count_; }

private:
    static constexpr unsigned class_bits = 7;
    static constexpr std::size_t classes_a_doubling = 1UL << class_bits;

    // Below two times classes_a_doubling each value is a class of its own.
    static unsigned shift_of(std::uint64_t value) {
        const auto width = static_cast<unsigned>(std::bit_width(value));
        return width > class_bits + 1 ? width - class_bits - 1 : 0;
    }
    static std::size_t class_of(std::uint64_t value) {
        const unsigned shift = shift_of(value);
        return shift * classes_a_doubling + (value >> shift);
    }
    static std::uint64_t upper_end(std::size_t index) {
        if (index < 2 * classes_a_doubling) return index;
        const std::size_t shift = index / classes_a_doubling - 1;
        const std::size_t top = index % classes_a_doubling + classes_a_doubling;
        return ((static_cast<std::uint64_t>(top) + 1) << shift) - 1;
    }

    std::array<std::uint64_t, (64 - class_bits + 1) * classes_a_doubling> classes_{};
    std::uint64_t count_ = 0;
    std::uint64_t largest_ = 0;
};

}  // namespace sternpost::bench
