#include "gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

namespace sternpost {

namespace {

constexpr int gzip_alone = 16 + MAX_WBITS;  // zlib.h: inflateInit2()

struct EndInflate {
    void operator()(z_stream* stream) const {
        inflateEnd(stream);
        delete stream;
    }
};
using Inflate = std::unique_ptr<z_stream, EndInflate>;

Inflate start_inflate(std::string_view packed) {
    auto stream = std::make_unique<z_stream>();
    *stream = z_stream{};
    // zlib takes its input without const, but leaves it as it is.
    stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream->avail_in = static_cast<uInt>(packed.size());
    if (inflateInit2(stream.get(), gzip_alone) != Z_OK) throw std::bad_alloc();
    return Inflate(stream.release());
}

std::string_view rest_of(const z_stream& stream) {
    return {reinterpret_cast<const char*>(stream.next_in), stream.avail_in};
}

}  // namespace

bool is_gzip(std::string_view bytes) {
    return bytes.starts_with("\x1f\x8b");
}

Result<std::string> unpack_gzip(std::string_view packed, std::size_t most) {
    if (packed.size() > most) return failure(Errc::invalid, "the gzip data is too long");
    const std::size_t bomb = std::max(least_gzip_bomb, packed.size() * max_gzip_ratio);
    const Inflate stream = start_inflate(packed);
    std::array<char, 65536> buffer;
    std::string unpacked;
    for (;;) {
        stream->next_out = reinterpret_cast<Bytef*>(buffer.data());
        stream->avail_out = buffer.size();
        const int status = inflate(stream.get(), Z_NO_FLUSH);
        if (status == Z_MEM_ERROR) throw std::bad_alloc();
        if (status == Z_BUF_ERROR) return failure(Errc::invalid, "the gzip data ends too early");
        if (status != Z_OK && status != Z_STREAM_END)
            return failure(Errc::invalid, "the gzip data is damaged at byte " +
                                              std::to_string(packed.size() - stream->avail_in + 1));
        unpacked.append(buffer.data(), buffer.size() - stream->avail_out);
        if (unpacked.size() > most)
            return failure(Errc::invalid,
                           "unpacked it is longer than " + std::to_string(most / (1024UL * 1024)) + " MiB");
        if (unpacked.size() > bomb)
            return failure(Errc::invalid, "a gzip bomb: it unpacks to more than " +
                                              std::to_string(max_gzip_ratio) + " times its size");
        if (status != Z_STREAM_END) continue;
        if (!is_gzip(rest_of(*stream))) return unpacked;
        inflateReset(stream.get());
    }
}

}  // namespace sternpost
