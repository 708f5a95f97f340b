#include "mail.hpp"

#include <gmime/gmime.h>

#include <algorithm>
#include <memory>

#include "mail_bounds.hpp"
#include "report_name.hpp"
#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/base/trimmed.hpp"

namespace sternpost {

namespace {

constexpr std::string_view mbox_line = "From ";
constexpr std::string_view quoted_mbox_line = ">From ";

struct Unref {
    void operator()(gpointer object) const { g_object_unref(object); }
};
template <class T>
using Object = std::unique_ptr<T, Unref>;

std::string text_of(const char* text) {
    return text != nullptr ? printable(trimmed(text), max_report_text) : std::string();
}

std::string header_of(GMimeObject* object, const char* name) {
    return text_of(g_mime_object_get_header(object, name));
}

std::string decoded(GMimePart* part) {
    GMimeDataWrapper* content = g_mime_part_get_content(part);  // the part's own
    if (content == nullptr) return {};
    const Object<GMimeStream> stream(g_mime_stream_mem_new());
    g_mime_data_wrapper_write_to_stream(content, stream.get());
    const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream.get()));
    return {reinterpret_cast<const char*>(bytes->data), bytes->len};
}

bool is_type(GMimeObject* object, const char* type, const char* subtype) {
    GMimeContentType* found = g_mime_object_get_content_type(object);
    return found != nullptr && g_mime_content_type_is_type(found, type, subtype) == TRUE;
}

// Goes through a mail. GMime nests no deeper than 1024 levels, however deep a mail is.
class Visit {
public:
    Mail of(GMimeMessage* message) {
        visit_message(message);
        return std::move(mail_);
    }

private:
    // What is said around a part of the mail.
    struct Around {
        ReportOrigin origin;
        bool announced = false;
    };

    void visit_message(GMimeMessage* message) {
        auto* header = GMIME_OBJECT(message);
        Around around;
        around.origin.domain = header_of(header, "TLS-Report-Domain");
        around.origin.submitter = header_of(header, "TLS-Report-Submitter");
        around.announced = !around.origin.domain.empty();
        mail_.announced = mail_.announced || around.announced;
        if (GMimeObject* body = g_mime_message_get_mime_part(message)) visit(body, around);
    }

    void visit(GMimeObject* object, const Around& around) {
        if (GMIME_IS_MESSAGE_PART(object)) {
            if (GMimeMessage* message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)))
                visit_message(message);
        } else if (GMIME_IS_MULTIPART(object)) {
            visit_multipart(object, around);
        } else if (GMIME_IS_PART(object)) {
            visit_leaf(object, around);
        }
    }

    void visit_multipart(GMimeObject* object, Around around) {
        const char* kind = g_mime_object_get_content_type_parameter(object, "report-type");
        if (is_type(object, "multipart", "report") && kind != nullptr &&
            g_ascii_strcasecmp(kind, "tlsrpt") == 0)
            mail_.announced = around.announced = true;
        auto* multipart = GMIME_MULTIPART(object);
        for (int i = 0; i < g_mime_multipart_get_count(multipart); ++i)
            visit(g_mime_multipart_get_part(multipart, i), around);
    }

    void visit_leaf(GMimeObject* object, const Around& around) {
        ++part_;
        const bool of_tls_reports =
            is_type(object, "application", "tlsrpt+gzip") || is_type(object, "application", "tlsrpt+json");
        mail_.announced = mail_.announced || of_tls_reports;
        auto* part = GMIME_PART(object);
        const std::string name = text_of(g_mime_part_get_filename(part));
        // Many senders send "application/gzip" or "application/octet-stream".
        const bool is_said_to_be_one = of_tls_reports || is_named_like_a_report(name);
        if (!is_said_to_be_one && !(around.announced && is_type(object, "application", "*"))) return;
        Attachment attachment;
        attachment.is_said_to_be_one = is_said_to_be_one;
        attachment.place = "part " + std::to_string(part_) + (name.empty() ? "" : ", " + name);
        attachment.origin = around.origin;
        attachment.origin.file_name = name;
        attachment.bytes = decoded(part);
        mail_.reports.push_back(std::move(attachment));
    }

    Mail mail_;
    std::size_t part_ = 0;
};

bool has_digit_at(std::string_view text, std::size_t at) {
    return at < text.size() && is_digit(text[at]);
}

// "From WHOM Thu Nov 26 08:12:00 2026"; a sentence in a mail has no time.
bool is_mbox_line(std::string_view line) {
    if (!line.starts_with(mbox_line)) return false;
    const auto colon = line.find(':', mbox_line.size());
    return colon != line.npos && has_digit_at(line, colon - 1) && has_digit_at(line, colon + 1);
}

std::string_view line_at(std::string_view bytes, std::size_t at) {
    return bytes.substr(at, bytes.find('\n', at) - at);
}

// After the line that begins at `at`.
std::size_t after_line(std::string_view bytes, std::size_t at) {
    const auto end = bytes.find('\n', at);
    return end == bytes.npos ? bytes.size() : end + 1;
}

bool is_blank_line(std::string_view line) {
    return line.empty() || line == "\r";
}

}  // namespace

Result<Mail> read_mail(std::string text) {
    if (auto tamed = tame(text); !tamed) return tl::unexpected(tamed.error());
    static const bool once = (g_mime_init(), true);
    static_cast<void>(once);
    const Object<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(text.data(), text.size()));
    const Object<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
    const Object<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
    if (!message) return failure(Errc::invalid, "no mail: its header has a mistake");
    return Visit().of(message.get());
}

bool is_mbox(std::string_view bytes) {
    return is_mbox_line(line_at(bytes, 0));
}

// GMime reads such files, too, but a mail must be within bounds before it does.
std::vector<std::string_view> mails_of_mbox(std::string_view bytes) {
    std::vector<std::string_view> mails;
    std::size_t begin = after_line(bytes, 0);
    bool after_blank = false;
    for (std::size_t at = begin; at < bytes.size(); at = after_line(bytes, at)) {
        const std::string_view line = line_at(bytes, at);
        if (after_blank && is_mbox_line(line)) {
            mails.push_back(bytes.substr(begin, at - begin));
            begin = after_line(bytes, at);
        }
        after_blank = is_blank_line(line);
    }
    mails.push_back(bytes.substr(begin));
    return mails;
}

bool is_mail(std::string_view bytes) {
    const std::string_view line = line_at(bytes, 0);
    return field_name_length(line) > 0 || line.starts_with(quoted_mbox_line);
}

}  // namespace sternpost
