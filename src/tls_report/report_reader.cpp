#include "sternpost/tls_report/report_reader.hpp"

#include "gzip.hpp"
#include "json_field.hpp"
#include "mail.hpp"
#include "report_name.hpp"
#include "sternpost/base/trimmed.hpp"

namespace sternpost {

namespace {

bool is_json(std::string_view bytes) {
    return trimmed(without_byte_order_mark(bytes), " \t\r\n").starts_with('{');
}

bool is_something_else(const Attachment& attachment) {
    return !attachment.is_said_to_be_one && !is_gzip(attachment.bytes) && !is_json(attachment.bytes);
}

Result<TlsReport> report_in(const Attachment& attachment) {
    if (!is_gzip(attachment.bytes)) return read_tls_report(attachment.bytes, attachment.origin);
    const auto unpacked = unpack_gzip(attachment.bytes, max_report_bytes);
    if (!unpacked) return tl::unexpected(unpacked.error());
    return read_tls_report(*unpacked, attachment.origin);
}

// Reads bytes that have been recognised as one kind or another.
class Reader {
public:
    Reader(const std::string& name, const TakeReport& take) : name_(name), take_(take) {}

    Reading read(std::string_view bytes) {
        if (is_gzip(bytes)) {
            const auto unpacked = unpack_gzip(bytes, max_report_bytes);
            if (unpacked && !is_gzip(*unpacked))
                read_plain(*unpacked);
            else
                take_("",
                      unpacked ? failure(Errc::invalid, "gzip in gzip") : tl::unexpected(unpacked.error()));
        } else {
            read_plain(bytes);
        }
        return reading_;
    }

private:
    void read_plain(std::string_view bytes) {
        if (is_json(bytes)) {
            take_("", read_tls_report(bytes, ReportOrigin{name_, "", ""}));
        } else if (is_mbox(bytes)) {
            for (const std::string_view mail : mails_of_mbox(bytes))
                read_one("mail " + std::to_string(reading_.mails + 1), mail);
        } else if (is_mail(bytes)) {
            read_one("", bytes);
        } else if (is_named_like_a_report(name_)) {
            take_("", failure(Errc::invalid, std::string(no_known_kind)));
        } else {
            reading_.known = false;
        }
    }

    void read_one(const std::string& place, std::string_view bytes) {
        ++reading_.mails;
        auto mail = read_mail(std::string(bytes));
        if (!mail) return take_(place, tl::unexpected(mail.error()));
        std::erase_if(mail->reports, is_something_else);
        if (mail->reports.empty() && mail->announced)
            return take_(place,
                         failure(Errc::invalid, "the mail announces a TLS report, but none is attached"));
        if (mail->reports.empty()) ++reading_.mails_without_report;
        for (const Attachment& attachment : mail->reports)
            take_(place + (place.empty() ? "" : ", ") + attachment.place, report_in(attachment));
    }

    const std::string& name_;
    const TakeReport& take_;
    Reading reading_;
};

}  // namespace

Reading read_reports(std::string_view bytes, const std::string& name, const TakeReport& take) {
    return Reader(name, take).read(bytes);
}

}  // namespace sternpost
