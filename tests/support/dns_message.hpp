// DNS messages byte by byte, independent of the libraries that the program reads them with.
#pragma once

#include <arpa/nameser.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sternpost::test {

using Bytes = std::vector<std::uint8_t>;

inline void put16(Bytes& to, std::size_t value) {
    to.push_back(static_cast<std::uint8_t>(value >> 8U));
    to.push_back(static_cast<std::uint8_t>(value));
}

inline void put32(Bytes& to, std::uint32_t value) {
    put16(to, value >> 16U);
    put16(to, value & 0xffffU);
}

inline std::size_t get16(const Bytes& from, std::size_t at) {
    return std::size_t{from.at(at)} << 8U | from.at(at + 1);
}

inline Bytes joined(Bytes left, const Bytes& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

// "mail.example" as labels; "" and "." are the root. No escapes.
inline Bytes wire_name(std::string_view name) {
    Bytes out;
    while (!name.empty() && name != ".") {
        const std::string_view label = name.substr(0, name.find('.'));
        out.push_back(static_cast<std::uint8_t>(label.size()));
        out.insert(out.end(), label.begin(), label.end());
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    out.push_back(0);
    return out;
}

inline Bytes txt_rdata(const std::vector<std::string>& strings) {
    Bytes out;
    for (const std::string& text : strings) {
        out.push_back(static_cast<std::uint8_t>(text.size()));
        out.insert(out.end(), text.begin(), text.end());
    }
    return out;
}

inline Bytes mx_rdata(std::uint16_t preference, std::string_view host) {
    Bytes out;
    put16(out, preference);
    return joined(out, wire_name(host));
}

inline Bytes address_rdata(std::string_view text) {
    const auto address = boost::asio::ip::make_address(text);
    if (address.is_v4()) {
        const auto bytes = address.to_v4().to_bytes();
        return {bytes.begin(), bytes.end()};
    }
    const auto bytes = address.to_v6().to_bytes();
    return {bytes.begin(), bytes.end()};
}

inline Bytes soa_rdata(std::uint32_t minimum) {
    Bytes out = joined(wire_name("ns.test"), wire_name("hostmaster.test"));
    for (const std::uint32_t number :
         {std::uint32_t{1}, std::uint32_t{3600}, std::uint32_t{600}, std::uint32_t{86400}, minimum})
        put32(out, number);
    return out;
}

// A message under construction; as made it is an empty, successful answer to one question.
class DnsMessage {
public:
    DnsMessage(std::string_view name, int type) : name_(wire_name(name)), type_(type) {}
    // The answer to `query`, with its id and its question as they were written.
    static DnsMessage answer_to(const Bytes& query) {
        DnsMessage answer("", 0);
        answer.id_ = get16(query, 0);
        std::size_t end = header_size;
        while (query.at(end) != 0) end += 1U + query.at(end);
        answer.name_.assign(query.begin() + header_size,
                            query.begin() + static_cast<std::ptrdiff_t>(end) + 1);
        answer.type_ = static_cast<int>(get16(query, end + 1));
        return answer;
    }

    DnsMessage& answer(std::string_view owner, int type, std::uint32_t ttl, const Bytes& rdata) {
        return add(0, wire_name(owner), type, ns_c_in, ttl, rdata);
    }
    // One more answer whose owner is the question's name, by a pointer to it.
    DnsMessage& answer(int type, std::uint32_t ttl, const Bytes& rdata) {
        return add(0, {0xc0, header_size}, type, ns_c_in, ttl, rdata);
    }
    DnsMessage& cname(std::string_view owner, std::string_view target, std::uint32_t ttl = 300) {
        return answer(owner, ns_t_cname, ttl, wire_name(target));
    }
    DnsMessage& soa(std::string_view owner, std::uint32_t ttl, std::uint32_t minimum) {
        return authority(owner, ns_t_soa, ttl, soa_rdata(minimum));
    }
    DnsMessage& authority(std::string_view owner, int type, std::uint32_t ttl, const Bytes& rdata) {
        return add(1, wire_name(owner), type, ns_c_in, ttl, rdata);
    }
    DnsMessage& additional(std::string_view owner, int type, std::uint32_t ttl, const Bytes& rdata) {
        return add(2, wire_name(owner), type, ns_c_in, ttl, rdata);
    }
    // EDNS (RFC 6891), with the upper eight bits of the rcode.
    DnsMessage& opt(std::uint32_t upper_rcode = 0) {
        return add(2, {0}, ns_t_opt, 1232, upper_rcode << 24U, {});
    }
    DnsMessage& record(std::size_t section, const Bytes& owner, int type, int record_class, std::uint32_t ttl,
                       const Bytes& rdata) {
        return add(section, owner, type, record_class, ttl, rdata);
    }

    DnsMessage& id(std::size_t id) { return set(id_, id); }
    DnsMessage& rcode(std::size_t rcode) { return set(flags_, (flags_ & 0xfff0U) | rcode); }
    DnsMessage& on(std::size_t flag) { return set(flags_, flags_ | flag); }
    DnsMessage& off(std::size_t flag) { return set(flags_, flags_ & ~flag); }
    DnsMessage& questions(std::size_t count) { return set(questions_, count); }
    DnsMessage& question_class(std::size_t value) { return set(class_, value); }

    int question_type() const { return type_; }

    Bytes bytes() const {
        Bytes out;
        for (const std::size_t field : {id_, flags_, questions_, counts_[0], counts_[1], counts_[2]})
            put16(out, field);
        for (std::size_t i = 0; i < questions_; ++i) {
            out = joined(out, name_);
            put16(out, static_cast<std::size_t>(type_));
            put16(out, class_);
        }
        for (const Bytes& section : sections_) out = joined(out, section);
        return out;
    }

    static constexpr std::size_t qr = 0x8000, tc = 0x0200, rd = 0x0100, ra = 0x0080, ad = 0x0020, cd = 0x0010;
    static constexpr std::size_t header_size = 12;

private:
    DnsMessage& set(std::size_t& field, std::size_t value) {
        field = value;
        return *this;
    }

    DnsMessage& add(std::size_t section, const Bytes& owner, int type, int record_class, std::uint32_t ttl,
                    const Bytes& rdata) {
        Bytes& to = sections_.at(section);
        to = joined(std::move(to), owner);
        put16(to, static_cast<std::size_t>(type));
        put16(to, static_cast<std::size_t>(record_class));
        put32(to, ttl);
        put16(to, rdata.size());
        to = joined(std::move(to), rdata);
        ++counts_.at(section);
        return *this;
    }

    Bytes name_;
    int type_;
    std::size_t id_ = 0;
    std::size_t flags_ = qr | rd | ra;
    std::size_t questions_ = 1;
    std::size_t class_ = ns_c_in;
    std::array<Bytes, 3> sections_;
    std::array<std::size_t, 3> counts_{};
};

}  // namespace sternpost::test
