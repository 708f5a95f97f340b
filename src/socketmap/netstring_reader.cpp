#include "netstring_reader.hpp"

#include <algorithm>

#include "sternpost/base/ascii.hpp"

namespace sternpost {

namespace {

constexpr std::size_t first_buffer = 512;
constexpr std::size_t max_digits = 5;
constexpr std::size_t max_frame = max_digits + 1 + max_request_bytes + 1;
static_assert(max_request_bytes < 100'000);

}  // namespace

std::span<char> NetstringReader::space() {
    if (begin_ == end_) {
        begin_ = end_ = 0;
    } else if (begin_ > 0 && end_ == buffer_.size()) {
        std::copy(buffer_.data() + begin_, buffer_.data() + end_, buffer_.data());
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ == buffer_.size()) buffer_.resize(std::clamp(buffer_.size() * 2, first_buffer, 2 * max_frame));
    return std::span(buffer_).subspan(end_);
}

void NetstringReader::filled(std::size_t count) {
    end_ += count;
}

std::optional<std::string_view> NetstringReader::next() {
    if (broken_) return {};
    const std::string_view bytes(buffer_.data() + begin_, end_ - begin_);
    std::size_t colon = 0;
    std::size_t length = 0;
    for (; colon < bytes.size() && colon <= max_digits && is_digit(bytes[colon]); ++colon)
        length = length * 10 + static_cast<std::size_t>(bytes[colon] - '0');
    const bool leading_zero = colon > 1 && bytes.front() == '0';
    const bool no_length = colon == 0 && !bytes.empty();
    const bool no_colon = colon < bytes.size() && bytes[colon] != ':';
    broken_ = leading_zero || no_length || no_colon || colon > max_digits;
    if (broken_ || colon >= bytes.size()) return {};
    broken_ = length > max_request_bytes;
    if (broken_ || bytes.size() < colon + 1 + length + 1) return {};
    broken_ = bytes[colon + 1 + length] != ',';
    if (broken_) return {};
    begin_ += colon + 1 + length + 1;
    return bytes.substr(colon + 1, length);
}

}  // namespace sternpost
