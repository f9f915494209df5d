#include "models/version_tag.h"

#include <algorithm>
#include <charconv>

namespace moat::models {
namespace {

bool is_number(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Without leading zeros, as semver has it; small enough to count.
std::optional<std::uint64_t> number_of(std::string_view text) {
    if (!is_number(text) || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    std::uint64_t number = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
    if (end.ec != std::errc{}) return std::nullopt;
    return number;
}

std::string_view take_part(std::string_view& text) {
    const auto dot = text.find('.');
    const auto part = text.substr(0, dot);
    text = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
    return part;
}

// Numbers come before words, and are compared as numbers.
int compare_parts(std::string_view a, std::string_view b) {
    const auto left = number_of(a);
    const auto right = number_of(b);
    if (left && right) return *left < *right ? -1 : *left > *right ? 1 : 0;
    if (left.has_value() != right.has_value()) return left ? -1 : 1;
    return a.compare(b);
}

int compare_prereleases(std::string_view a, std::string_view b) {
    if (a.empty() || b.empty()) return a.empty() == b.empty() ? 0 : a.empty() ? 1 : -1;
    while (!a.empty() && !b.empty())
        if (const int order = compare_parts(take_part(a), take_part(b)); order != 0) return order;
    return a.empty() == b.empty() ? 0 : a.empty() ? -1 : 1;
}

}  // namespace

std::optional<VersionTag> parse_version_tag(std::string_view tag) {
    if (tag.starts_with('v') || tag.starts_with('V')) tag.remove_prefix(1);
    VersionTag out;
    const auto dash = tag.find('-');
    if (dash != std::string_view::npos) {
        out.prerelease = tag.substr(dash + 1);
        if (out.prerelease.empty()) return std::nullopt;
    }
    std::string_view numbers = tag.substr(0, dash);
    if (numbers.ends_with('.')) return std::nullopt;
    while (!numbers.empty()) {
        const auto number = number_of(take_part(numbers));
        if (!number || out.numbers.size() == 3) return std::nullopt;
        out.numbers.push_back(*number);
    }
    const bool cut_prerelease = !out.prerelease.empty() && !out.is_full();
    if (out.numbers.empty() || cut_prerelease) return std::nullopt;
    return out;
}

bool older(const VersionTag& a, const VersionTag& b) {
    if (a.numbers != b.numbers) return a.numbers < b.numbers;
    return compare_prereleases(a.prerelease, b.prerelease) < 0;
}

std::optional<std::string> newest_of_line(
    std::string_view asked, const std::vector<std::string>& tags
) {
    const auto line = parse_version_tag(asked);
    if (!line || line->is_full()) return std::nullopt;
    std::optional<std::string> best;
    VersionTag best_version;
    for (const std::string& tag : tags) {
        const auto version = parse_version_tag(tag);
        if (!version || !version->is_full() || !version->prerelease.empty()) continue;
        const bool of_line =
            std::equal(line->numbers.begin(), line->numbers.end(), version->numbers.begin());
        if (!of_line || (best && !older(best_version, *version))) continue;
        best = tag;
        best_version = *version;
    }
    return best;
}

bool listed_before(std::string_view a, std::string_view b) {
    const auto left = parse_version_tag(a);
    const auto right = parse_version_tag(b);
    const bool left_full = left && left->is_full();
    const bool right_full = right && right->is_full();
    if (left_full && right_full) return older(*right, *left);
    if (left_full != right_full) return left_full;
    return a < b;
}

}  // namespace moat::models
