#include "packed_domain.hpp"

#include <concepts>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

namespace sternpost {

namespace {

// A number below this is one byte; others are this byte, and four more.
constexpr std::uint8_t long_number = 255;

template <class T>
constexpr bool is_optional = false;
template <class T>
constexpr bool is_optional<std::optional<T>> = true;

template <class T>
concept Small = std::is_enum_v<T> || std::same_as<T, int>;

template <class T>
concept Plain = std::is_trivially_copyable_v<T> && !is_optional<T> && !Small<T>;

template <class T, class Value>
concept Is = std::same_as<std::remove_const_t<T>, Value>;

// What there is to pack, once for both directions. Each member is named: with a new one, this does not compile.
template <class Archive, Is<Policy> T>
void fields(Archive& archive, T& policy) {
    auto& [mode, max_age, mx, remarks] = policy;
    archive(mode, max_age, mx, remarks);
}

template <class Archive, Is<FailedFetch> T>
void fields(Archive& archive, T& failed) {
    auto& [id, count, next_try, reason] = failed;
    archive(id, count, next_try, reason);
}

template <class Archive, Is<TxtLook> T>
void fields(Archive& archive, T& txt) {
    auto& [state, id, why, overloaded, failures, asked, due] = txt;
    archive(state, id, why, overloaded, failures, asked, due);
}

template <class Archive, Is<MxLook> T>
void fields(Archive& archive, T& mx) {
    auto& [hosts, failures, overloaded, asked, due] = mx;
    archive(hosts, failures, overloaded, asked, due);
}

template <class Archive, Is<MxHost> T>
void fields(Archive& archive, T& host) {
    auto& [name, dane, why, tlsa_base] = host;
    archive(name, dane, why, tlsa_base);
}

template <class Archive, Is<DaneState> T>
void fields(Archive& archive, T& state) {
    auto& [verdict, hosts, hosts_known, stopped, why, ttl] = state;
    archive(verdict, hosts, hosts_known, stopped, why, ttl);
}

template <class Archive, Is<DaneLook> T>
void fields(Archive& archive, T& look) {
    auto& [route, state, failures, asked, due] = look;
    archive(route, state, failures, asked, due);
}

template <class Archive, Is<KnownDomain> T>
void fields(Archive& archive, T& known) {
    // `domain` is kept beside it, and nobody is told of what is `uncommitted`.
    auto& [domain, policy, failed, failed_elsewhere, replaced_id, replaced, on_disk, uncommitted, disk_unread,
           overloaded, forgotten, just_fetched, fetches, txt, mx, refresh_at, last_used, dane, dane_seen] =
        known;
    archive(policy, failed, failed_elsewhere, replaced_id, replaced, on_disk, disk_unread, overloaded,
            forgotten, just_fetched, fetches, txt, mx, refresh_at, last_used, dane, dane_seen);
}

auto all_of(const Policy& policy) {
    const auto& [mode, max_age, mx, remarks] = policy;
    return std::tie(mode, max_age, mx, remarks);
}

class Packer {
public:
    explicit Packer(PackedBytes& bytes) : bytes_(bytes) {}

    template <class... Values>
    void operator()(const Values&... values) {
        (put(values), ...);
    }

private:
    template <Plain T>
    void put(const T& value) {
        add({reinterpret_cast<const char*>(&value), sizeof value});
    }
    template <Small T>
    void put(T value) {
        put_number(static_cast<std::uint32_t>(value));
    }
    void put(const std::string& text) {
        put_number(text.size());
        add(text);
    }
    void put(const MxPattern& pattern) { put(pattern.text()); }
    void put(const std::shared_ptr<const CachedPolicy>& policy) {
        put(policy != nullptr);
        if (!policy) return;
        // Nearly always its text says all of it.
        const auto read = read_policy(policy->body);
        const bool in_text = read && all_of(*read) == all_of(policy->policy);
        const auto& [id, as_read, body, fetched, learnt_by] = *policy;
        (*this)(id, body, fetched, learnt_by, in_text);
        if (!in_text) put(as_read);
    }
    template <class T>
    void put(const std::vector<T>& values) {
        put_number(values.size());
        for (const T& value : values) put(value);
    }
    template <class T>
    void put(const std::optional<T>& value) {
        put(value.has_value());
        if (value) put(*value);
    }
    template <class T>
    requires(!Plain<T> && !Small<T> && !is_optional<T>) void put(const T& value) { fields(*this, value); }
    void put_number(std::size_t number) {
        if (number < long_number) return put(static_cast<std::uint8_t>(number));
        put(long_number);
        put(static_cast<std::uint32_t>(number));
    }
    void add(std::string_view bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

    PackedBytes& bytes_;
};

class Unpacker {
public:
    explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}

    template <class... Values>
    void operator()(Values&... values) {
        (take(values), ...);
    }

private:
    template <Plain T>
    void take(T& value) {
        std::memcpy(static_cast<void*>(&value), bytes_.data(), sizeof value);
        bytes_.remove_prefix(sizeof value);
    }
    template <Small T>
    void take(T& value) {
        value = static_cast<T>(take_number());
    }
    void take(std::string& text) {
        text = bytes_.substr(0, take_number());
        bytes_.remove_prefix(text.size());
    }
    void take(std::vector<MxPattern>& patterns) {
        for (std::size_t left = take_number(); left > 0; --left) {
            std::string text;
            take(text);
            patterns.push_back(MxPattern::from(text).value());
        }
    }
    void take(std::shared_ptr<const CachedPolicy>& policy) {
        bool there = false;
        take(there);
        if (!there) return;
        bool in_text = false;
        auto taken = std::make_shared<CachedPolicy>();
        (*this)(taken->id, taken->body, taken->fetched, taken->learnt_by, in_text);
        if (in_text)
            taken->policy = read_policy(taken->body).value();
        else
            take(taken->policy);
        policy = std::move(taken);
    }
    template <class T>
    void take(std::vector<T>& values) {
        values.resize(take_number());
        for (T& value : values) take(value);
    }
    template <class T>
    void take(std::optional<T>& value) {
        bool there = false;
        take(there);
        if (there) take(value.emplace());
    }
    template <class T>
    requires(!Plain<T> && !Small<T> && !is_optional<T>) void take(T& value) { fields(*this, value); }
    std::uint32_t take_number() {
        std::uint8_t number = 0;
        take(number);
        if (number < long_number) return number;
        std::uint32_t long_one = 0;
        take(long_one);
        return long_one;
    }

    std::string_view bytes_;
};

}  // namespace

PackedDomain::PackedDomain(const KnownDomain& known) {
    Packer packer(bytes_);
    fields(packer, known);
    bytes_.shrink_to_fit();
}

KnownDomain PackedDomain::unpack(std::string_view domain) const {
    KnownDomain known;
    known.domain = domain;
    Unpacker unpacker({bytes_.data(), bytes_.size()});
    fields(unpacker, known);
    return known;
}

}  // namespace sternpost
