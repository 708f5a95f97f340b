#include "layers.hpp"

#include <algorithm>
#include <utility>

#include "sternpost/explain/words.hpp"
#include "sternpost/policy/tls_report_record.hpp"

namespace sternpost {

namespace {

void conclude(Layer& layer, Verdict verdict, std::string summary) {
    layer.verdict = verdict;
    layer.summary = std::move(summary);
}

std::string pattern_for(const Policy& policy, const std::string& host) {
    const auto found = std::ranges::find_if(policy.mx, [&](const MxPattern& mx) { return mx.matches(host); });
    return found == policy.mx.end() ? "" : found->text();
}

std::string names_of(const std::vector<MxHostSeen>& hosts, bool (*wanted)(const MxHostSeen&)) {
    std::string names;
    for (const MxHostSeen& host : hosts)
        if (wanted(host)) names += (names.empty() ? "" : ", ") + host.name;
    return names;
}

bool passes(const MxHostSeen& host) {
    return !host.passes_by.empty();
}

bool fails(const MxHostSeen& host) {
    return host.passes_by.empty();
}

bool turns_mail_away(const MxHostSeen& host) {
    return host.lets_mail_through == false;
}

bool proven_by_dane(const MxHostSeen& host) {
    return host.dane.dane == HostDane::usable;
}

void judge_proof(MxLayer& mx) {
    const auto all = mx.hosts.size();
    const auto proven = static_cast<std::size_t>(std::ranges::count_if(mx.hosts, proven_by_dane));
    const bool doubt = std::ranges::find(mx.hosts, HostDane::undecided, [](const MxHostSeen& host) {
                           return host.dane.dane;
                       }) != mx.hosts.end();
    if (proven == all)
        conclude(mx, Verdict::good, "each has a usable TLSA record");
    else if (proven > 0)
        conclude(mx, Verdict::warning,
                 std::to_string(all - proven) + " of " + std::to_string(all) +
                     " have no usable TLSA record, and are not used");
    else if (doubt)
        conclude(mx, Verdict::unknown, "whether one has a usable TLSA record is not known");
    else
        conclude(mx, Verdict::bad, "none has a usable TLSA record");
}

// If DANE is in force, that decides about mail.
void judge_coverage(MxLayer& mx, bool dane_in_force) {
    const auto all = mx.hosts.size();
    const auto passing = static_cast<std::size_t>(std::ranges::count_if(mx.hosts, passes));
    if (passing == all)
        conclude(mx, Verdict::good,
                 (all == 1 ? "the MX host passes" : "all " + std::to_string(all) + " MX hosts pass") +
                     std::string(" the policy"));
    else if (passing == 0)
        conclude(mx, dane_in_force ? Verdict::warning : Verdict::bad,
                 (all == 1 ? "the MX host does not pass the policy: "
                           : "none of the " + std::to_string(all) + " MX hosts passes the policy: ") +
                     names_of(mx.hosts, fails));
    else
        conclude(mx, Verdict::warning,
                 std::to_string(all - passing) + " of " + std::to_string(all) +
                     " MX hosts do not pass the policy, and are not used: " + names_of(mx.hosts, fails));
}

}  // namespace

RecordLayer record_layer(const Texts& answer) {
    RecordLayer layer;
    if (!answer) {
        conclude(layer, Verdict::unknown, "DNS has no answer: " + answer.error().detail);
        return layer;
    }
    std::vector<std::string> texts = answer->records;  // DNS has no order
    std::ranges::sort(texts);
    layer.records = review_sts_records(texts);
    const auto read = read_sts_record(answer->records);
    if (!read) {
        conclude(layer, Verdict::bad, read.error().detail);
    } else if (*read) {
        layer.id = (*read)->id;
        conclude(layer, Verdict::good, "a policy is announced, id " + layer.id);
    } else if (layer.records.empty()) {
        conclude(layer, Verdict::note, "there is none: no policy is announced");
    } else {
        conclude(layer, Verdict::note, "no policy is announced: none of the TXT records there is MTA-STS's");
    }
    return layer;
}

PolicyHostLayer policy_host_without_address(std::string host, const Addresses& v4, const Addresses& v6,
                                            bool wanted) {
    PolicyHostLayer layer;
    layer.host = std::move(host);
    if (!v4 || !v6) {
        conclude(layer, wanted ? Verdict::unknown : Verdict::note,
                 "DNS has no answer about its addresses: " + (v4 ? v6 : v4).error().detail);
    } else {
        const std::string what = v4->name_exists ? "it has no address" : "it does not exist";
        conclude(layer, wanted ? Verdict::bad : Verdict::note,
                 what + (wanted ? ", so that the policy that is announced cannot be had" : ""));
    }
    return layer;
}

void judge_policy_host(PolicyHostLayer& host, const Result<std::string>& body, bool wanted, WallTime now) {
    const FetchReport& seen = host.fetch;
    if (!body) {
        // A host that was not reached may be in order, and the way to it broken.
        const bool heard = !seen.address.empty() || body.error().code != Errc::temporary;
        conclude(host,
                 !wanted ? Verdict::note
                 : heard ? Verdict::bad
                         : Verdict::unknown,
                 body.error().detail);
        return;
    }
    const auto left = seen.chain.empty() ? certificate_near_its_end : seen.chain.front().not_after - now;
    if (left < certificate_near_its_end)
        conclude(host, Verdict::warning, "it answers, but its certificate ends in " + in_words(left));
    else
        conclude(host, Verdict::good, "it answers over " + seen.tls_version + " with a valid certificate");
}

PolicyLayer policy_layer(const std::string& body) {
    PolicyLayer layer;
    layer.body = body;
    layer.review = review_policy(body);
    const PolicyReview& review = *layer.review;
    if (!review.policy) {
        const auto wrong = std::ranges::find(review.lines, PolicyLine::Verdict::wrong, &PolicyLine::verdict);
        conclude(layer, Verdict::bad,
                 "no sender can use it: " + (wrong != review.lines.end()
                                                 ? "line " + std::to_string(wrong->number) + ": " + wrong->why
                                                 : review.faults.front()));
        return layer;
    }
    const Policy& policy = *review.policy;
    conclude(layer, policy.mode == Mode::enforce ? Verdict::good : Verdict::note,
             "mode " + std::string(to_string(policy.mode)) + ", " + counted(policy.mx.size(), "mx pattern") +
                 ", to be remembered for " + in_words(policy.max_age));
    return layer;
}

MxLayer mx_layer(const DaneState& state, const Result<RecordSet<MxRecord>>& answer,
                 const Standard& standard) {
    const Policy* policy = standard.policy;
    MxLayer layer;
    if (answer) layer.is_signed = answer->authentic;
    for (const MxHost& host : state.hosts) {
        MxHostSeen seen;
        seen.name = host.name;
        seen.dane = host;
        if (answer) {
            const auto record = std::ranges::find(answer->records, host.name, &MxRecord::host);
            if (record != answer->records.end()) seen.preference = record->preference;
        }
        if (policy != nullptr) seen.passes_by = pattern_for(*policy, host.name);
        layer.hosts.push_back(std::move(seen));
    }
    if (!state.hosts_known) {
        conclude(layer, Verdict::unknown, "DNS does not tell which they are: " + state.why);
    } else if (layer.hosts.empty()) {
        const bool exists = !answer || answer->name_exists;
        conclude(layer, Verdict::note,
                 exists ? "there is none: the domain takes no mail (null MX)" : "the domain does not exist");
    } else if (standard.dane_alone) {
        judge_proof(layer);
    } else if (policy == nullptr || policy->mode == Mode::none) {
        conclude(layer, Verdict::note, counted(layer.hosts.size(), "MX host"));
    } else {
        layer.by_policy = true;
        judge_coverage(layer, standard.dane == DomainDane::in_force);
    }
    return layer;
}

void judge_servers(MxLayer& mx, const Standard& standard) {
    const bool by_dane = standard.dane_alone || standard.dane == DomainDane::in_force;
    if (!by_dane && !mx.by_policy) return;
    for (MxHostSeen& host : mx.hosts) {
        if (!host.starttls) continue;
        const StarttlsReport& said = *host.starttls;
        host.lets_mail_through =
            by_dane ? said.dane == StarttlsReport::Dane::matches : passes(host) && said.certified();
    }
    const auto turning = static_cast<std::size_t>(std::ranges::count_if(mx.hosts, turns_mail_away));
    if (turning == 0 || mx.verdict == Verdict::note) return;
    const bool all = turning == mx.hosts.size();
    conclude(mx, all ? Verdict::bad : Verdict::warning,
             (all ? "no MX host lets mail through: " : "no mail gets through to ") +
                 names_of(mx.hosts, turns_mail_away));
}

DaneLayer dane_layer(const DaneState& state, bool wanted) {
    DaneLayer layer;
    layer.state = state.verdict;
    const std::string off = wanted ? "" : "; it does not count, as DANE is switched off here";
    switch (state.verdict) {
        case DomainDane::in_force:
            conclude(layer, wanted ? Verdict::good : Verdict::note,
                     "in force: at least one MX host has a usable TLSA record" + off);
            break;
        case DomainDane::absent:
            conclude(layer, Verdict::note,
                     "not in force: no MX host has usable TLSA records that are signed");
            break;
        case DomainDane::doubtful:
            conclude(layer, Verdict::warning, "not known of every MX host" + off);
            break;
        case DomainDane::undecided:
            conclude(layer, wanted ? Verdict::unknown : Verdict::note,
                     "not known" + (state.why.empty() ? "" : ": " + state.why) + off);
            break;
        case DomainDane::unvalidated:
            conclude(layer, Verdict::note, "not looked at, since no DNS server validates");
            break;
    }
    return layer;
}

TlsReportLayer tls_report_layer(const Texts& answer) {
    TlsReportLayer layer;
    if (!answer) {
        conclude(layer, Verdict::unknown, "DNS has no answer: " + answer.error().detail);
        return layer;
    }
    layer.records = answer->records;
    std::ranges::sort(layer.records);
    auto read = read_tls_report_record(answer->records);
    if (!read) {
        conclude(layer, Verdict::warning, read.error().detail);
    } else if (*read) {
        layer.rua = std::move((*read)->rua);
        conclude(layer, Verdict::good, "asked for, at " + counted(layer.rua.size(), "place"));
    } else {
        conclude(layer, Verdict::note, "nobody asks for them");
    }
    return layer;
}

}  // namespace sternpost
