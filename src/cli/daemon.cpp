#include "daemon.hpp"

#include "sternpost/base/printable.hpp"

namespace json = boost::json;

namespace sternpost {

std::string socket_of(CommandLine& line) {
    const auto config = config_for(line);
    return config ? socket_of(*config, line) : "";
}

std::string socket_of(const Config& config, CommandLine& line) {
    if (!config.admin.socket.empty()) return config.admin.socket;
    complain("the daemon has no admin socket: \"socket\" in [admin] is empty");
    line.status = exit_config;
    return "";
}

int exit_status_of(const Error& error) {
    complain(error.detail);
    return error.code == Errc::untrusted ? exit_not_permitted : exit_temporary;
}

int exit_status_of(const AdminReply& reply) {
    complain(reply.error());
    return reply.status >= 500 ? exit_temporary : exit_not_all;
}

std::string text_in(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return "";
    return printable({value->get_string().data(), value->get_string().size()}, max_text);
}

std::int64_t number_in(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

bool is_true(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_bool() && value->get_bool();
}

const json::object* object_in(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr ? value->if_object() : nullptr;
}

Result<json::object> answer_in(const AdminReply& reply, std::string_view key) {
    json::object object = reply.object();
    if (object.contains(key)) return object;
    return failure(
        Errc::temporary,
        "what answers at the admin socket is no sternpostd, or one of another version: it does not say \"" +
            std::string(key) + "\"");
}

}  // namespace sternpost
