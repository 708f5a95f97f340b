#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "cache.hpp"
#include "command.hpp"
#include "sternpost/admin/ascii_json.hpp"
#include "sternpost/base/time.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

// A file that is there whole, or not at all; or standard output.
class Output {
public:
    explicit Output(std::string path) : path_(std::move(path)) {
        if (!to_standard_output()) file_.open(part(), std::ios::binary | std::ios::trunc);
    }
    std::ostream& stream() { return to_standard_output() ? std::cout : file_; }
    bool good() { return stream().good(); }
    // Whether it is there.
    bool finish() {
        stream().flush();
        if (!good()) return false;
        if (to_standard_output()) return true;
        file_.close();
        return file_.good() && std::rename(part().c_str(), path_.c_str()) == 0;
    }
    void give_up() {
        if (!to_standard_output()) std::remove(part().c_str());
    }

private:
    bool to_standard_output() const { return path_ == "-"; }
    std::string part() const { return path_ + ".part"; }

    std::string path_;
    std::ofstream file_;
};

}  // namespace

int export_policies(const std::string& socket, const std::string& file) {
    AdminClient daemon(socket);
    Output output(file);
    const std::string now = to_iso8601(SystemClock().wall());
    std::size_t written = 0;
    const auto listed = for_each_domain(daemon, "full=yes", [&](const json::object& domain) {
        if (text_in(domain, "expires") <= now) return;
        output.stream() << ascii_json(domain) << '\n';
        ++written;
    });
    if (!listed) {
        output.give_up();
        return exit_status_of(listed.error());
    }
    if (!output.finish()) {
        output.give_up();
        complain(file + " cannot be written");
        return exit_not_all;
    }
    std::cerr << written << " policies exported\n";
    return exit_good;
}

}  // namespace sternpost
