#include "explain_text.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "policy_text.hpp"
#include "sternpost/base/printable.hpp"

namespace sternpost {

namespace {

constexpr std::string_view inner = "     ";
constexpr std::size_t max_names_in_a_line = 5;
constexpr std::size_t max_reply_in_text = 600;

Mood mood_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::good:
            return Mood::good;
        case Verdict::note:
            return Mood::note;
        case Verdict::warning:
            return Mood::warning;
        case Verdict::bad:
            return Mood::bad;
        case Verdict::unknown:
            break;
    }
    return Mood::unknown;
}

Mood mood_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::protects:
            return Mood::good;
        case Outcome::no_policy:
            return Mood::note;
        case Outcome::broken:
            return Mood::bad;
        case Outcome::unknown:
            break;
    }
    return Mood::unknown;
}

std::string joined(const std::vector<std::string>& texts) {
    std::string line;
    for (std::size_t i = 0; i < std::min(texts.size(), max_names_in_a_line); ++i)
        line += (i == 0 ? "" : ", ") + printable(texts[i]);
    if (texts.size() > max_names_in_a_line)
        line += " and " + std::to_string(texts.size() - max_names_in_a_line) + " more";
    return line;
}

// Writes one explanation, part by part.
class Writer {
public:
    Writer(const Terminal& terminal, WallTime now) : terminal_(terminal), now_(now) {}

    std::string write(const Explanation& told) {
        out_ = terminal_.bold(printable(told.domain.empty() ? told.key : told.domain)) + "\n";
        if (!told.domain.empty()) layers(told);
        out_ +=
            "\n" +
            marked(terminal_, mood_of(told.outcome), "",
                   terminal_.bold(std::string(to_string(told.outcome)) + ": " + printable(told.conclusion)));
        for (const std::string& advice : told.advice)
            out_ += marked(terminal_, Mood::note, "", printable(advice));
        return std::move(out_);
    }

private:
    void layers(const Explanation& told) {
        if (!told.decided.empty()) line(Mood::note, "", "Override      " + told.decided);
        record(told);
        policy_host(told.policy_host);
        head("Policy", told.policy);
        if (told.policy.review) out_ += text_of(*told.policy.review, terminal_, inner);
        mx(told.mx);
        head("DANE", told.dane);
        head("TLS reports", told.tls_reports);
        for (const std::string& rua : told.tls_reports.rua) detail("to", rua);
        if (told.fleet) fleet(*told.fleet);
        answers(told);
    }

    void fleet(const FleetLayer& layer) {
        head("Fleet", layer);
        if (layer.expires) detail("until", to_iso8601(*layer.expires));
    }

    void record(const Explanation& told) {
        head("TXT record", told.record);
        for (const SeenRecord& seen : told.record.records) {
            line(seen.counts ? Mood::good : Mood::note, inner, '"' + seen.text + '"');
            if (!seen.why.empty()) out_ += std::string(inner) + "   " + printable(seen.why) + "\n";
        }
    }

    void policy_host(const PolicyHostLayer& layer) {
        head("Policy host", layer);
        detail("host", layer.host);
        if (!layer.addresses.empty()) detail("addresses", joined(layer.addresses));
        const FetchReport& seen = layer.fetch;
        if (!seen.address.empty())
            detail("answered", seen.address + ", " + std::to_string(seen.took.count()) + " ms");
        if (!seen.tls_version.empty()) detail("TLS", seen.tls_version);
        chain(seen.chain, seen.chain_fault);
        if (seen.status != 0) detail("HTTP status", std::to_string(seen.status));
        if (!seen.content_types.empty()) detail("media type", joined(seen.content_types));
        if (!seen.location.empty()) detail("redirect to", seen.location);
    }

    void chain(const std::vector<Certificate>& chain, const std::string& fault) {
        for (std::size_t i = 0; i < chain.size(); ++i) {
            const Certificate& one = chain[i];
            const std::string names = i == 0 ? joined(one.names) : one.subject;
            detail(i == 0 ? "certificate" : "signed by",
                   (names.empty() ? "no name" : names) + "; by " + one.issuer + "; " + days_left(one));
        }
        if (!fault.empty()) line(Mood::bad, inner, fault);
    }

    std::string days_left(const Certificate& certificate) const {
        const auto days = std::chrono::floor<std::chrono::days>(certificate.not_after - now_).count();
        if (certificate.not_before > now_) return "not valid before " + to_iso8601(certificate.not_before);
        if (days < 0) return "ended " + to_iso8601(certificate.not_after);
        return std::to_string(days) + (days == 1 ? " day left" : " days left");
    }

    void mx(const MxLayer& layer) {
        head("MX hosts", layer);
        if (!layer.hosts.empty() && layer.is_signed)
            detail("MX RRset", *layer.is_signed ? "signed (DNSSEC)" : "not signed");
        for (const MxHostSeen& host : layer.hosts) mx_host(host, layer.by_policy);
    }

    void mx_host(const MxHostSeen& host, bool by_policy) {
        const bool passes = !host.passes_by.empty();
        const std::string preference = host.preference ? std::to_string(*host.preference) + " " : "";
        const Mood mood = host.lets_mail_through ? (*host.lets_mail_through ? Mood::good : Mood::bad)
                          : !by_policy           ? Mood::note
                          : passes               ? Mood::good
                                                 : Mood::bad;
        line(mood, inner, preference + host.name);
        if (passes) below("passes by mx: " + host.passes_by);
        if (!passes && by_policy) below("passes by no mx of the policy");
        below("DANE: " + std::string(to_string(host.dane.dane)) + " (" + host.dane.why + ")");
        if (host.starttls) starttls(*host.starttls);
    }

    void starttls(const StarttlsReport& said) {
        if (!said.failure.empty()) return below("STARTTLS: " + said.failure);
        below("STARTTLS: " + said.tls_version + " at " + said.address);
        if (!said.chain.empty()) {
            const Certificate& own = said.chain.front();
            const std::string names = own.names.empty() ? own.subject : joined(own.names);
            below("certificate: " + names + "; by " + own.issuer + "; " + days_left(own));
        }
        below(said.chain_fault.empty() ? "certificate: valid for this host"
                                       : "certificate: " + said.chain_fault);
        if (said.dane == StarttlsReport::Dane::matches) below("DANE: a TLSA record matches");
        if (said.dane == StarttlsReport::Dane::fails) below("DANE: " + said.dane_fault);
    }

    void answers(const Explanation& told) {
        for (const MapAnswer& answer : told.answers) {
            line(mood_of(told.outcome), "",
                 "Answer        map " + answer.map + ", Postfix " + answer.postfix);
            out_ += std::string(inner) + printable(answer.reply, max_reply_in_text) + "\n";
            out_ += std::string(inner) + "Postfix " + answer.effect + "\n";
        }
    }

    void head(std::string_view name, const Layer& layer) {
        constexpr std::size_t width = 14;
        line(mood_of(layer.verdict), "",
             terminal_.bold(name) + std::string(width - name.size(), ' ') + printable(layer.summary));
    }

    void detail(std::string_view name, std::string_view value) {
        constexpr std::size_t width = 13;
        out_ += std::string(inner) + std::string(name) + std::string(width - name.size(), ' ') +
                printable(value) + "\n";
    }

    void below(std::string_view words) { out_ += std::string(inner) + "   " + printable(words) + "\n"; }

    void line(Mood mood, std::string_view indent, std::string_view words) {
        out_ += marked(terminal_, mood, indent, words);
    }

    const Terminal& terminal_;
    WallTime now_;
    std::string out_;
};

}  // namespace

std::string text_of(const Explanation& explanation, const Terminal& terminal, WallTime now) {
    return Writer(terminal, now).write(explanation);
}

}  // namespace sternpost
