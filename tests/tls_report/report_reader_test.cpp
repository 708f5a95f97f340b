#include "sternpost/tls_report/report_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "made_reports.hpp"
#include "tls_report/gzip.hpp"
#include "tls_report/mail.hpp"

namespace sternpost {
namespace {

using test::gzipped;
using test::whole_report;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

struct Seen {
    Reading reading;
    std::vector<std::string> told;  // "PLACE|ORGANIZATION DOMAIN" or "PLACE|error: ..."
};

Seen read(const std::string& bytes, const std::string& name = "file") {
    Seen seen;
    seen.reading = read_reports(bytes, name, [&](const std::string& place, Result<TlsReport> report) {
        const std::string domain = report && !report->policies.empty() ? report->policies[0].domain : "";
        seen.told.push_back(
            place + "|" + (report ? report->organization + " " + domain : "error: " + report.error().detail));
    });
    return seen;
}

std::string base64(const std::string& bytes) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8U | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j)
            text += i + j > bytes.size() ? '=' : alphabet[group >> (18U - 6U * j) & 63U];
        if (i % 57 == 54) text += "\r\n";
    }
    return text;
}

// As RFC 8460 section 5.3 has it, with the type and the name of the attachment.
std::string mail(const std::string& type, const std::string& bytes, const std::string& name = "",
                 const std::string& around = "multipart/report; report-type=\"tlsrpt\"",
                 const std::string& header =
                     "TLS-Report-Domain: company-y.example\r\nTLS-Report-Submitter: x.example\r\n") {
    return "From: tlsrpt@x.example\r\nTo: reports@company-y.example\r\nSubject: Report Domain: "
           "company-y.example\r\n" +
           header + "MIME-Version: 1.0\r\nContent-Type: " + around +
           ";\r\n boundary=\"b\"\r\n\r\nThis is MIME.\r\n--b\r\nContent-Type: text/plain\r\n\r\nA "
           "report.\r\n--b\r\nContent-Type: " +
           type + "\r\nContent-Transfer-Encoding: base64\r\n" +
           (name.empty() ? "" : "Content-Disposition: attachment; filename=\"" + name + "\"\r\n") + "\r\n" +
           base64(bytes) + "\r\n--b--\r\n";
}

constexpr const char* name_of_report = "x.example!company-y.example!1793491200!1793577599.json.gz";

TEST(ReportReader, KindsAreToldByWhatTheyAre) {
    EXPECT_THAT(read(whole_report).told, ElementsAre("|Company-X company-y.example"));
    EXPECT_THAT(read("\xEF\xBB\xBF\r\n " + whole_report, "a.gz").told,
                ElementsAre("|Company-X company-y.example"));
    EXPECT_THAT(read(gzipped(whole_report), "a.json").told, ElementsAre("|Company-X company-y.example"));
    EXPECT_THAT(read(gzipped(mail("application/tlsrpt+json", whole_report))).told,
                ElementsAre("part 2|Company-X company-y.example"));
    EXPECT_THAT(read(gzipped(gzipped(whole_report))).told, ElementsAre("|error: gzip in gzip"));
}

TEST(ReportReader, OtherKindsAreNoErrorUnlessTheyAreNamedSo) {
    for (const std::string& bytes :
         {std::string(), std::string("PK\x03\x04"), std::string("<xml/>"), gzipped("<feedback/>"),
          std::string("\0\0\0", 3), std::string("3 V1 N5\n1 :a\n")}) {
        const Seen seen = read(bytes);
        EXPECT_FALSE(seen.reading.known);
        EXPECT_THAT(seen.told, IsEmpty());
        EXPECT_THAT(read(bytes, "x.JSON").told, ElementsAre(StartsWith("|error: no TLS report")));
    }
}

TEST(ReportReader, MailsOfTheRfcAndOfWhatSendersDo) {
    const std::string packed = gzipped(whole_report);
    const std::string mixed = "multipart/mixed";
    EXPECT_THAT(read(mail("application/tlsrpt+gzip", packed)).told,
                ElementsAre("part 2|Company-X company-y.example"));
    EXPECT_THAT(read(mail("application/tlsrpt+gzip", packed, name_of_report, mixed, "")).told,
                ElementsAre(std::string("part 2, ") + name_of_report + "|Company-X company-y.example"));
    EXPECT_THAT(read(mail("application/gzip", packed)).told,
                ElementsAre("part 2|Company-X company-y.example"));
    EXPECT_THAT(read(mail("application/json", whole_report, "", mixed)).told,
                ElementsAre(EndsWith("company-y.example")));
    EXPECT_THAT(read(mail("application/octet-stream", packed, name_of_report, mixed, "")).told,
                ElementsAre(EndsWith("|Company-X company-y.example")));
    EXPECT_THAT(read(mail("text/plain", whole_report, "x.json", mixed, "")).told,
                ElementsAre(EndsWith("|Company-X company-y.example")));
    // A type that lies.
    EXPECT_THAT(read(mail("application/tlsrpt+gzip", whole_report)).told,
                ElementsAre(EndsWith("company-y.example")));
    EXPECT_THAT(read(mail("application/tlsrpt+json", packed)).told,
                ElementsAre(EndsWith("company-y.example")));
}

TEST(ReportReader, OtherPartsOfAnAnnouncedMailAreLeftAlone) {
    const auto followed_by = [](std::string text, const std::string& type, const std::string& bytes) {
        const std::string end = "--b--\r\n";
        return text.erase(text.size() - end.size()) + "--b\r\nContent-Type: " + type +
               "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64(bytes) + "\r\n" + end;
    };
    const std::string packed = gzipped(whole_report);
    for (const char* type : {"application/tlsrpt+gzip", "application/gzip", "application/octet-stream"}) {
        for (const auto& [other, bytes] :
             {std::pair("application/pkcs7-signature; name=\"smime.p7s\"", "\x30\x82\x01"),
              std::pair("application/pgp-signature", "-----BEGIN PGP SIGNATURE-----\n"),
              std::pair("application/ms-tnef; name=\"winmail.dat\"", "\x78\x9f\x3e\x22")})
            EXPECT_THAT(read(followed_by(mail(type, packed), other, bytes)).told,
                        ElementsAre("part 2|Company-X company-y.example"))
                << type << other;
        EXPECT_THAT(read(followed_by(mail(type, whole_report), "application/json", whole_report)).told,
                    testing::SizeIs(2));
    }
    EXPECT_THAT(read(mail("application/pgp-signature", "no report")).told,
                ElementsAre("|error: the mail announces a TLS report, but none is attached"));
    EXPECT_THAT(read(mail("application/tlsrpt+gzip", "no report")).told,
                ElementsAre(StartsWith("part 2|error: no JSON from byte 1")));
}

TEST(ReportReader, AMailThatIsTheReport) {
    EXPECT_THAT(read("Content-Type: application/tlsrpt+gzip\nContent-Transfer-Encoding: base64\n\n" +
                     base64(gzipped(whole_report)))
                    .told,
                ElementsAre("part 1|Company-X company-y.example"));
    EXPECT_THAT(read("Content-Type: application/tlsrpt+json\n\n" + whole_report).told,
                ElementsAre("part 1|Company-X company-y.example"));
}

TEST(ReportReader, AForwardedMail) {
    const std::string inner = mail("application/gzip", gzipped(whole_report), "");
    EXPECT_THAT(
        read("Subject: Fwd\nContent-Type: multipart/mixed; boundary=outer\n\n--outer\n\nlook\n--outer\n"
             "Content-Type: message/rfc822\n\n" +
             inner + "\n--outer--\n")
            .told,
        ElementsAre("part 3|Company-X company-y.example"));
}

TEST(ReportReader, AnnouncedButNotThere) {
    const Seen seen = read("TLS-Report-Domain: company-y.example\n\nSee you.\n");
    EXPECT_THAT(seen.told, ElementsAre("|error: the mail announces a TLS report, but none is attached"));
    EXPECT_EQ(seen.reading.mails_without_report, 0U);
    EXPECT_EQ(read("Content-Type: multipart/report; report-type=TLSRPT; boundary=b\n\ncut short").told,
              seen.told);
}

TEST(ReportReader, OtherMailsAreNoError) {
    for (const std::string& text :
         {std::string("Subject: Hello\n\nHow are you?\n"),
          mail("application/gzip", gzipped("<feedback/>"), "google.com!example.com!1!2.xml.gz",
               "multipart/mixed", ""),
          mail("application/zip", "PK", "google.com!example.com!1!2.zip", "multipart/mixed", "")}) {
        const Seen seen = read(text);
        EXPECT_THAT(seen.told, IsEmpty());
        EXPECT_EQ(seen.reading.mails, 1U);
        EXPECT_EQ(seen.reading.mails_without_report, 1U);
    }
}

TEST(ReportReader, AnMboxWithABrokenMailInIt) {
    const std::string from = "From tlsrpt@x.example Sun Nov  1 08:00:00 2026\n";
    const Seen seen = read(from + mail("application/tlsrpt+gzip", gzipped(whole_report)) + "\n" + from +
                           mail("application/tlsrpt+gzip", "\x1f\x8b no") + "\n" + from +
                           "Subject: Hello\n\nHow are you?\n\nFrom here it is far.\n\n" + from +
                           mail("application/tlsrpt+json", whole_report));
    EXPECT_THAT(seen.told, ElementsAre("mail 1, part 2|Company-X company-y.example",
                                       StartsWith("mail 2, part 2|error: the gzip data is damaged at byte"),
                                       "mail 4, part 2|Company-X company-y.example"));
    EXPECT_EQ(seen.reading.mails, 4U);
    EXPECT_EQ(seen.reading.mails_without_report, 1U);
}

TEST(ReportReader, NamesOfAttachmentsAreMadePrintable) {
    EXPECT_THAT(read(mail("application/tlsrpt+json", "{", "\x1b[2J.json")).told,
                ElementsAre(HasSubstr(R"(part 2, \x1b[2J.json|error: the JSON ends too early)")));
}

// Hostile mails

TEST(MailBounds, PartsFieldsAndBytes) {
    const auto error_of = [](const std::string& text) {
        const auto mail = read_mail(text);
        return mail ? "no error" : mail.error().detail;
    };
    std::string parts = "Content-Type: multipart/mixed; boundary=b\n\n";
    for (std::size_t i = 0; i <= max_mime_parts; ++i) parts += "--b\n\n";
    EXPECT_EQ(error_of(parts), "the mail has more than 1000 lines that begin a part");
    std::string fields;
    for (std::size_t i = 0; i <= max_mail_fields; ++i) fields += "a:\n";
    EXPECT_EQ(error_of(fields), "the mail has more than 20000 fields");
    std::string folded = "Content-Type: a/b";
    for (std::size_t i = 0; i <= max_content_field_bytes / 5; ++i) folded += ";\n a=b";
    EXPECT_EQ(error_of(folded), "the mail has more than 262144 bytes in its Content fields");
    EXPECT_EQ(error_of("a: " + std::string(max_mail_bytes, 'x')), "the mail has more than 33554432 bytes");
}

// GMime recurses into groups, and takes time squared over lists, of addresses.
TEST(MailBounds, AddressesAreNoTrouble) {
    for (const std::string field : {"To", "FROM", "reply-to", "Cc ", "bcc", "Sender"})
        for (const std::string unit : {"a:", "a,"}) {
            std::string text = "Subject: x\n" + field + ": ";
            for (int i = 0; i < 200'000; ++i) text += unit;
            text += "\nContent-Type: application/tlsrpt+json\n\n" + whole_report;
            EXPECT_THAT(read(text).told, ElementsAre("part 1|Company-X company-y.example")) << field << unit;
        }
}

TEST(MailBounds, Depth) {
    std::string parts, mails;
    for (std::size_t i = 0; i < max_mime_parts; ++i)
        parts += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\n\n--b" +
                 std::to_string(i) + "\n";
    for (int i = 0; i < 8000; ++i) mails += "Content-Type: message/rfc822\n\n";
    EXPECT_EQ(read(parts).reading.mails, 1U);
    EXPECT_EQ(read(mails).reading.mails, 1U);
}

// gzip

TEST(Gzip, MembersAndWhatFollowsThem) {
    EXPECT_EQ(*unpack_gzip(gzipped("ab") + gzipped("cd") + "\r\n", 100), "abcd");
    EXPECT_EQ(*unpack_gzip(gzipped(""), 100), "");
}

TEST(Gzip, DamageIsTold) {
    const std::string packed = gzipped(whole_report);
    EXPECT_EQ(unpack_gzip(packed.substr(0, packed.size() - 9), max_report_bytes).error().detail,
              "the gzip data ends too early");
    std::string damaged = packed;
    damaged[packed.size() - 6] = static_cast<char>(damaged[packed.size() - 6] + 1);  // of the checksum
    EXPECT_THAT(unpack_gzip(damaged, max_report_bytes).error().detail,
                StartsWith("the gzip data is damaged at byte"));
}

TEST(Gzip, BombsAreRefused) {
    const std::string bomb = gzipped(std::string(8UL * 1024 * 1024, ' '));
    EXPECT_EQ(unpack_gzip(bomb, max_report_bytes).error().detail,
              "a gzip bomb: it unpacks to more than 200 times its size");
    EXPECT_EQ(unpack_gzip(gzipped(std::string(1000, 'x')), 999).error().detail,
              "unpacked it is longer than 0 MiB");
    // A long report of lines that are much alike is none.
    EXPECT_TRUE(unpack_gzip(gzipped(std::string(1000UL * 1000, ' ')), max_report_bytes));
}

}  // namespace
}  // namespace sternpost
