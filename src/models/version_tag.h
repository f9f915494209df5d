#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Tags that are versions: "1.2.3", "v1.2.3", "1.2.3-rc1" (semver.org 2.0, without build data, which
// a tag cannot hold), and shortened ones, "1" and "1.2", that ask for the newest of a line.
// Threads: any (values).
namespace moat::models {

struct VersionTag {
    std::vector<std::uint64_t> numbers;  // one to three
    std::string prerelease;              // without its '-'

    bool is_full() const { return numbers.size() == 3; }
};

std::optional<VersionTag> parse_version_tag(std::string_view tag);

// By semver's precedence; both full. A pre-release comes before its release.
bool older(const VersionTag& a, const VersionTag& b);

// Of `tags`, the newest release that `asked` ("1", "1.2") is the beginning of; nothing when `asked`
// is no shortened version or none fits. Pre-releases are only had by their whole name.
std::optional<std::string> newest_of_line(
    std::string_view asked, const std::vector<std::string>& tags
);

// For lists: versions newest first, then other tags by name.
bool listed_before(std::string_view a, std::string_view b);

}  // namespace moat::models
