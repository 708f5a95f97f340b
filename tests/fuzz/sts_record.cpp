// A line is one TXT record.
#include "sternpost/policy/record.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

void sts_record(std::string_view input) {
    const std::vector<std::string> texts = parts_of(input, "\n");
    const auto read = read_sts_record(texts);
    const auto seen = review_sts_records(texts);

    must(seen.size() == texts.size(), "each record is seen");
    for (const SeenRecord& record : seen) {
        must(is_printable(record.text) && is_printable(record.why), "what is told of it is printable");
        must(record.counts == record.why.empty(), "it counts, or it is told why not");
    }
    const auto counting = std::ranges::count_if(seen, &SeenRecord::counts);
    must(counting == (read && *read ? 1 : 0), "one counts, or there is none");
    if (!read) return must(is_printable(read.error().detail), "a fault is printable");
    if (!*read) return;

    const std::string& id = (*read)->id;
    must(!id.empty() && id.size() <= max_id_length, "an id has its length");
    const std::vector<std::string> again{"v=spf1 -all", "v=STSv1;id=" + id};
    const auto reread = read_sts_record(again);
    must(reread && *reread && (*reread)->id == id, "it reads the same again");
    const std::vector<std::string> twice{
        again.back(),
        texts[static_cast<std::size_t>(std::ranges::find_if(seen, &SeenRecord::counts) - seen.begin())]};
    must(!read_sts_record(twice), "a second record makes both useless");
}

}  // namespace sternpost::fuzz
