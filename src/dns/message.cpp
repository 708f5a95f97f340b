#include "message.hpp"

#include <ares.h>
#include <arpa/nameser.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/policy/host_name.hpp"

namespace asio = boost::asio;

namespace sternpost {

namespace {

constexpr std::size_t ad_byte = 3;  // RFC 4035 section 3.2.3: bit 5 of the header's second flag byte
constexpr std::uint8_t ad_mask = 0x20;
// Resolvers themselves follow 8 to 16, so a longer chain comes from none of them.
constexpr std::size_t max_aliases = 16;
constexpr std::uint32_t max_ttl = 0x7fffffff;  // RFC 2181 section 8: with the top bit set it counts as zero

std::string rcode_text(int rcode) {
    switch (rcode) {
        case ns_r_formerr:
            return "FORMERR";
        case ns_r_servfail:
            return "SERVFAIL";
        case ns_r_notimpl:
            return "NOTIMP";
        case ns_r_refused:
            return "REFUSED";
        case ns_r_yxdomain:
            return "YXDOMAIN";
        case ns_r_yxrrset:
            return "YXRRSET";
        case ns_r_nxrrset:
            return "NXRRSET";
        case ns_r_notauth:
            return "NOTAUTH";
        case ns_r_notzone:
            return "NOTZONE";
        case ns_r_badvers:
            return "BADVERS";
        default:
            return "rcode " + std::to_string(rcode);
    }
}

std::string_view cause_of(int rcode) {
    return rcode == ns_r_servfail ? "servfail" : rcode == ns_r_refused ? "refused" : "other";
}

std::span<const std::uint8_t> rdata(const ns_rr& record) {
    return {ns_rr_rdata(record), static_cast<std::size_t>(ns_rr_rdlen(record))};
}

// The name that fills `bytes`, part of an rdata, in presentation form and lower case; "" is the root.
std::optional<std::string> name_in(ns_msg& message, std::span<const std::uint8_t> bytes) {
    std::array<char, NS_MAXDNAME> text{};
    const int length = ::ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), bytes.data(),
                                            text.data(), text.size());
    if (length < 0 || static_cast<std::size_t>(length) != bytes.size()) return {};
    std::string name = lower_case(text.data());
    if (name == ".") name.clear();
    return name;
}

// The records of one section, parsed; nullopt when one of them is malformed.
std::optional<std::vector<ns_rr>> records_of(ns_msg& message, ns_sect section) {
    std::vector<ns_rr> records(ns_msg_count(message, section));
    for (std::size_t i = 0; i < records.size(); ++i)
        if (::ns_parserr(&message, section, static_cast<int>(i), &records[i]) < 0) return {};
    return records;
}

std::chrono::seconds ttl_of(const ns_rr& record) {
    const auto ttl = ns_rr_ttl(record);
    return std::chrono::seconds(ttl > max_ttl ? 0 : ttl);
}

// RFC 6891 section 6.1.3: the upper eight bits of the rcode are in the OPT record, if there is one.
std::optional<int> rcode_of(ns_msg& message) {
    const int lower_bits = ns_msg_getflag(message, ns_f_rcode);
    const auto additional = records_of(message, ns_s_ar);
    if (!additional) return {};
    const auto is_opt = [](const ns_rr& record) { return ns_rr_type(record) == ns_t_opt; };
    const auto opt = std::ranges::find_if(*additional, is_opt);
    if (opt == additional->end()) return lower_bits;
    return static_cast<int>(ns_rr_ttl(*opt) >> 24U << 4U) | lower_bits;
}

// RFC 2308 section 5: the smaller of the SOA's own TTL and its MINIMUM field. An answer that says "none"
// without an SOA is good for no time; with name servers in its place it is a referral, which says nothing.
Result<std::chrono::seconds> negative_ttl(const std::vector<ns_rr>& authority, bool name_exists) {
    constexpr int smallest_soa = 2 + 5 * NS_INT32SZ;
    bool name_servers = false;
    for (const ns_rr& record : authority) {
        name_servers = name_servers || ns_rr_type(record) == ns_t_ns;
        if (ns_rr_type(record) != ns_t_soa) continue;
        if (ns_rr_rdlen(record) < smallest_soa)
            return failure(Errc::temporary, "malformed SOA in the answer", "malformed");
        const auto minimum = ::ns_get32(ns_rr_rdata(record) + ns_rr_rdlen(record) - NS_INT32SZ);
        return std::min(ttl_of(record), std::chrono::seconds(minimum > max_ttl ? 0 : minimum));
    }
    if (name_servers && name_exists)
        return failure(Errc::temporary, "referral instead of an answer (is this server a resolver?)");
    return std::chrono::seconds(0);
}

bool is_response(ns_msg& message) {
    return ns_msg_getflag(message, ns_f_qr) == 1 && ns_msg_getflag(message, ns_f_opcode) == ns_o_query;
}

bool answers_question(ns_msg& message, const std::string& name, int type) {
    ns_rr question;
    return ns_msg_count(message, ns_s_qd) == 1 && ::ns_parserr(&message, ns_s_qd, 0, &question) == 0 &&
           equal_ignoring_case(ns_rr_name(question), name) && ns_rr_type(question) == type &&
           ns_rr_class(question) == ns_c_in;
}

// Walks the CNAME chain from `name`; the chain's TTL goes into `ttl`.
Result<std::string> follow_aliases(ns_msg& message, const std::vector<ns_rr>& records,
                                   const std::string& name, std::chrono::seconds& ttl) {
    std::string at = lower_case(name);
    for (std::size_t step = 0; step <= max_aliases; ++step) {
        const auto alias = std::ranges::find_if(records, [&](const ns_rr& record) {
            return ns_rr_type(record) == ns_t_cname && equal_ignoring_case(ns_rr_name(record), at);
        });
        if (alias == records.end()) return at;
        const auto target = name_in(message, rdata(*alias));
        if (!target) return failure(Errc::temporary, "malformed CNAME in the answer", "malformed");
        ttl = std::min(ttl, ttl_of(*alias));
        at = *target;
    }
    return failure(Errc::temporary, "CNAME loop, or more than " + std::to_string(max_aliases) + " CNAMEs");
}

// What `read_record` makes of one record; nullopt: malformed.
template <class Record, class ReadRecord>
Result<RecordSet<Record>> read(std::span<const std::uint8_t> bytes, const std::string& name, int type,
                               ReadRecord read_record) {
    ns_msg message;
    if (::ns_initparse(bytes.data(), static_cast<int>(bytes.size()), &message) < 0)
        return failure(Errc::temporary, "malformed answer", "malformed");
    if (!is_response(message)) return failure(Errc::temporary, "answer to another question", "malformed");
    const auto rcode = rcode_of(message);
    if (!rcode) return failure(Errc::temporary, "malformed answer", "malformed");
    // Some servers leave the question out of their failures.
    if (*rcode != ns_r_noerror && *rcode != ns_r_nxdomain)
        return failure(Errc::temporary, rcode_text(*rcode), cause_of(*rcode));
    if (!answers_question(message, name, type))
        return failure(Errc::temporary, "answer to another question", "malformed");
    if (ns_msg_getflag(message, ns_f_tc) == 1)
        return failure(Errc::temporary, "truncated answer", "malformed");
    const auto answer = records_of(message, ns_s_an);
    const auto authority = records_of(message, ns_s_ns);
    if (!answer || !authority) return failure(Errc::temporary, "malformed answer", "malformed");

    RecordSet<Record> set;
    set.authentic = ns_msg_getflag(message, ns_f_ad) == 1;
    set.ttl = std::chrono::seconds::max();
    Result<std::string> end = lower_case(name);
    if (type != ns_t_cname) end = follow_aliases(message, *answer, name, set.ttl);
    if (!end) return tl::unexpected(end.error());
    set.canonical_name = std::move(*end);
    for (const ns_rr& record : *answer) {
        if (ns_rr_type(record) != type || ns_rr_class(record) != ns_c_in) continue;
        if (!equal_ignoring_case(ns_rr_name(record), set.canonical_name)) continue;
        auto value = read_record(message, record);
        if (!value) return failure(Errc::temporary, "malformed record in the answer", "malformed");
        set.ttl = std::min(set.ttl, ttl_of(record));
        set.records.push_back(std::move(*value));
    }
    if (!set.records.empty()) return set;

    set.name_exists = *rcode != ns_r_nxdomain;
    const auto negative = negative_ttl(*authority, set.name_exists);
    if (!negative) return tl::unexpected(negative.error());
    set.ttl = std::min(set.ttl, *negative);
    return set;
}

std::optional<std::string> txt_record(ns_msg&, const ns_rr& record) {
    if (rdata(record).empty()) return {};  // RFC 1035 section 3.3.14: one string or more
    std::string joined;
    for (auto rest = rdata(record); !rest.empty();) {
        const std::size_t length = rest.front();
        if (rest.size() < 1 + length) return {};
        joined.append(reinterpret_cast<const char*>(rest.data()) + 1, length);
        rest = rest.subspan(1 + length);
    }
    return joined;
}

std::optional<MxRecord> mx_record(ns_msg& message, const ns_rr& record) {
    const auto data = rdata(record);
    if (data.size() < 3) return {};
    const auto host = name_in(message, data.subspan(2));
    if (!host) return {};
    MxRecord mx;
    mx.preference = static_cast<std::uint16_t>(::ns_get16(data.data()));
    mx.host = *host;
    return mx;
}

std::optional<TlsaRecord> tlsa_record(ns_msg&, const ns_rr& record) {
    constexpr std::size_t data_begins = 3;
    const auto data = rdata(record);
    if (data.size() < data_begins) return {};
    TlsaRecord tlsa;
    tlsa.usage = data[0];
    tlsa.selector = data[1];
    tlsa.matching_type = data[2];
    tlsa.data.assign(data.begin() + data_begins, data.end());
    return tlsa;
}

std::optional<std::string> name_record(ns_msg& message, const ns_rr& record) {
    return name_in(message, rdata(record));
}

std::optional<asio::ip::address> a_record(ns_msg&, const ns_rr& record) {
    asio::ip::address_v4::bytes_type bytes{};
    if (rdata(record).size() != bytes.size()) return {};
    std::ranges::copy(rdata(record), bytes.begin());
    return asio::ip::address_v4(bytes);
}

std::optional<asio::ip::address> aaaa_record(ns_msg&, const ns_rr& record) {
    asio::ip::address_v6::bytes_type bytes{};
    if (rdata(record).size() != bytes.size()) return {};
    std::ranges::copy(rdata(record), bytes.begin());
    return asio::ip::address_v6(bytes);
}

}  // namespace

Result<Bytes> make_query(const std::string& name, int type, std::uint16_t id, int udp_size) {
    unsigned char* buffer = nullptr;
    int length = 0;
    // c-ares 1.34 checks the length of each label, but not of the name.
    const bool too_long = name.size() > max_name_length + (name.ends_with('.') ? 1 : 0);
    if (too_long ||
        ::ares_create_query(name.c_str(), ns_c_in, type, id, 1, &buffer, &length, udp_size) != ARES_SUCCESS)
        return failure(Errc::temporary, "no question can be asked for \"" + printable(name) + "\"");
    const std::unique_ptr<unsigned char, decltype(&::ares_free_string)> owned(buffer, &::ares_free_string);
    Bytes query(buffer, buffer + length);
    query[ad_byte] |= ad_mask;
    return query;
}

bool rejects_edns(std::span<const std::uint8_t> answer) {
    ns_msg message;
    return ::ns_initparse(answer.data(), static_cast<int>(answer.size()), &message) == 0 &&
           ns_msg_getflag(message, ns_f_rcode) == ns_r_formerr && ns_msg_count(message, ns_s_ar) == 0;
}

Result<RecordSet<std::string>> read_txt(std::span<const std::uint8_t> message, const std::string& name) {
    return read<std::string>(message, name, ns_t_txt, txt_record);
}

Result<RecordSet<MxRecord>> read_mx(std::span<const std::uint8_t> message, const std::string& name) {
    return read<MxRecord>(message, name, ns_t_mx, mx_record);
}

Result<RecordSet<asio::ip::address>> read_a(std::span<const std::uint8_t> message, const std::string& name) {
    return read<asio::ip::address>(message, name, ns_t_a, a_record);
}

Result<RecordSet<asio::ip::address>> read_aaaa(std::span<const std::uint8_t> message,
                                               const std::string& name) {
    return read<asio::ip::address>(message, name, ns_t_aaaa, aaaa_record);
}

Result<RecordSet<TlsaRecord>> read_tlsa(std::span<const std::uint8_t> message, const std::string& name) {
    return read<TlsaRecord>(message, name, ns_t_tlsa, tlsa_record);
}

Result<RecordSet<std::string>> read_ns(std::span<const std::uint8_t> message, const std::string& name) {
    return read<std::string>(message, name, ns_t_ns, name_record);
}

Result<RecordSet<std::string>> read_cname(std::span<const std::uint8_t> message, const std::string& name) {
    return read<std::string>(message, name, ns_t_cname, name_record);
}

}  // namespace sternpost
