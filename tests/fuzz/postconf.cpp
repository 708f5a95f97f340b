// What postconf(1) prints, as four parts with a line of "--" between them: of -x, -n, -M and -P. Up to the findings of
// the doctor.
#include "doctor/postconf_output.hpp"
#include "doctor/rule.hpp"
#include "sternpost/answer/answer.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

namespace {

PostfixFacts postfix_of(const std::vector<std::string>& parts) {
    const auto part = [&](std::size_t i) {
        return i < parts.size() ? std::string_view(parts[i]) : std::string_view();
    };
    PostfixFacts postfix;
    postfix.settings = read_settings(part(0));
    postfix.config_directory = value(postfix.settings, "config_directory");
    postfix.version = read_version(value(postfix.settings, "mail_version")).value_or(PostfixVersion());
    for (const auto& [name, unused] : read_settings(part(1))) postfix.set.insert(name);
    const auto options = read_master_options(part(3));
    for (const MasterLine& line : read_master(part(2))) {
        SmtpService service;
        service.name = line.name;
        service.chroot = is_chrooted(line, value(postfix.settings, "compatibility_level"));
        service.settings = postfix.settings;
        for (const MasterOption& option : options) {
            if (option.name != line.name || option.type != line.type) continue;
            service.options.insert(option.parameter);
            service.settings[option.parameter] = option.value;
        }
        postfix.smtp.push_back(std::move(service));
    }
    return postfix;
}

// Each socketmap as if it had been gone to, and nothing been there.
void go_nowhere(Facts& facts) {
    for (const SmtpService& service : facts.postfix.smtp)
        for (const Table& table : to_tables(value(service.settings, "smtp_tls_policy_maps"))) {
            for (const Socketmap& socketmap : socketmaps_of(table)) {
                SocketLook look;
                look.endpoint = socketmap.endpoint;
                look.map = socketmap.map;
                look.chroot = service.chroot;
                look.path = path_of(facts, look.endpoint, look.chroot);
                facts.sockets.push_back(std::move(look));
            }
            inline_entries(table);
        }
}

}  // namespace

void postconf(std::string_view input) {
    Facts facts;
    facts.postfix = postfix_of(parts_of(input, "\n--\n"));
    go_nowhere(facts);
    const Examination examination = examine(facts);
    must(!examination.findings.empty() || !examination.passed.empty(), "there is something to tell");
    for (const Finding& finding : examination.findings) {
        must(is_printable(finding.what) && is_printable(finding.why), "a finding is printable");
        must(std::ranges::all_of(finding.remedy, is_printable), "so is its remedy");
    }
}

}  // namespace sternpost::fuzz
