// Byte 1 is the type that was asked for, the rest the answer; the name that was asked for is that of its question.
#include <arpa/nameser.h>

#include "dns/message.hpp"
#include "sternpost/dane/dane_lookup.hpp"
#include "sternpost/policy/record.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/support/dns_message.hpp"

namespace sternpost::fuzz {

namespace {

// The name at the head of the question section, where it is plain.
std::string asked_name(std::span<const std::uint8_t> message) {
    std::string name;
    std::size_t at = test::DnsMessage::header_size;
    while (at < message.size() && message[at] != 0) {
        const std::size_t length = message[at];
        if (length > 63 || at + 1 + length > message.size()) break;
        if (!name.empty()) name += '.';
        name.append(reinterpret_cast<const char*>(message.data()) + at + 1, length);
        at += 1 + length;
    }
    return name.find_first_of(std::string_view("\0\\", 2)) == name.npos ? name : "good.test";
}

void check_name(const std::string& name) {
    must(is_printable(name), "a name is in presentation form");
    must(name.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == name.npos, "and in lower case");
}

template <class Record>
bool read_well(const Result<RecordSet<Record>>& read) {
    if (!read) {
        must(read.error().code == Errc::temporary, "what is no answer is \"don't know\"");
        must(is_printable(read.error().detail) && !read.error().detail.empty(), "and is told");
        return false;
    }
    must(read->ttl >= std::chrono::seconds(0) && read->ttl <= std::chrono::seconds(0x7fffffff),
         "a TTL has 31 bits");
    must(read->records.empty() || read->name_exists, "what has records exists");
    return true;
}

// `read` as a message of its own, written by other code.
template <class Record, class Write>
test::Bytes written(const RecordSet<Record>& read, int type, Write write) {
    test::DnsMessage message("good.test", type);
    for (const Record& record : read.records) message.answer(type, 300, write(record));
    return message.bytes();
}

void check_txt(std::span<const std::uint8_t> message, const std::string& name) {
    const auto read = read_txt(message, name);
    if (!read_well(read)) return;
    const auto split = [](const std::string& text) {
        std::vector<std::string> strings;
        for (std::size_t at = 0; at == 0 || at < text.size(); at += 255)
            strings.push_back(text.substr(at, 255));
        return test::txt_rdata(strings);
    };
    const auto again = read_txt(written(*read, ns_t_txt, split), "good.test");
    must(again && again->records == read->records, "TXT records read the same again");
    const auto record = read_sts_record(read->records);
    must(record || is_printable(record.error().detail), "a fault of theirs is printable");
}

void check_mx(std::span<const std::uint8_t> message, const std::string& name) {
    const auto read = read_mx(message, name);
    if (!read_well(read)) return;
    bool plain = true;
    for (const MxRecord& record : read->records) {
        check_name(record.host);
        plain = plain && record.host.find('\\') == record.host.npos;
    }
    for (const std::string& host : mx_hosts_of(*read, name))
        must(!host.empty() && (!host.ends_with('.') || host.ends_with("\\.")), "an MX host has a name");
    if (!plain) return;
    const auto write = [](const MxRecord& record) { return test::mx_rdata(record.preference, record.host); };
    const auto again = read_mx(written(*read, ns_t_mx, write), "good.test");
    must(again && again->records == read->records, "MX records read the same again");
}

}  // namespace

void dns_answer(std::string_view input) {
    if (input.empty()) return;
    const int type = static_cast<unsigned char>(input.front()) % 7;
    const Bytes message(input.begin() + 1, input.end());
    const std::string name = asked_name(message);
    rejects_edns(message);
    switch (type) {
        case 0:
            return check_txt(message, name);
        case 1:
            return check_mx(message, name);
        case 2:
            read_well(read_a(message, name));
            return;
        case 3:
            read_well(read_aaaa(message, name));
            return;
        case 4:
            read_well(read_tlsa(message, name));
            return;
        case 5:
            if (const auto read = read_ns(message, name); read_well(read))
                std::ranges::for_each(read->records, check_name);
            return;
        default:
            if (const auto read = read_cname(message, name); read_well(read))
                std::ranges::for_each(read->records, check_name);
    }
}

}  // namespace sternpost::fuzz
