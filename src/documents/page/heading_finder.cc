#include "documents/page/heading_finder.h"

#include <algorithm>
#include <cmath>

#include "documents/chapter_headings.h"
#include "documents/characters.h"

namespace moat::documents {
namespace {

constexpr std::size_t kMaxHeadingSize = 200;  // weighted characters
constexpr int kMaxHeadingLines = 4;
constexpr float kLarger = 1.12F;  // than the body text
constexpr std::size_t kMaxSizeLevels = 4;

int half_points(float size) {
    return static_cast<int>(std::lround(size * 2));
}

std::string without_blanks(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next_character(text, at);
        if (!is_space(c)) append_character(out, c);
    }
    return lower_ascii(out);
}

// More letters than digits: no date, no row of numbers.
bool is_worded(std::string_view text) {
    std::size_t letters = 0;
    std::size_t digits = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next_character(text, at);
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0xC0;
        letters += letter ? 1U : 0U;
        digits += c >= '0' && c <= '9' ? 1U : 0U;
    }
    return letters >= 2 && letters > digits;
}

// "3" -> 1, "3.2" -> 2, "3.2.1 " -> 3; 0 without a number. A year or a quantity is no number.
int numbering_depth(std::string_view text) {
    int depth = 0;
    std::size_t at = 0;
    while (true) {
        const std::size_t begin = at;
        while (at < text.size() && at - begin < 3 && text[at] >= '0' && text[at] <= '9')
            ++at;
        if (at == begin) break;
        ++depth;
        if (at >= text.size() || text[at] != '.') break;
        ++at;
    }
    if (depth == 0 || at >= text.size()) return 0;
    return is_space(static_cast<unsigned char>(text[at])) ? depth : 0;
}

bool ends_like_a_sentence(std::string_view text) {
    const char32_t last = previous_character(text, text.size());
    return last == '.' || last == U'。' || last == ';' || last == U'；' || last == ',' ||
           last == U'，' || last == U'、';
}

bool may_be_heading(const PageBlock& block) {
    if (block.is_row || block.lines > kMaxHeadingLines || !is_worded(block.text)) return false;
    const std::size_t size = weighted_size(block.text);
    return size <= kMaxHeadingSize && (size <= 60 || !ends_like_a_sentence(block.text));
}

}  // namespace

HeadingFinder::HeadingFinder(
    const std::vector<PageBlocks>& pages, const std::vector<OutlineEntry>& outline
) {
    for (const OutlineEntry& entry : outline)
        outline_[without_blanks(entry.title)].push_back(entry);
    measure(pages);
}

void HeadingFinder::measure(const std::vector<PageBlocks>& pages) {
    std::map<int, std::size_t> text_of_size;
    std::size_t bold = 0;
    std::size_t total = 0;
    for (const PageBlocks& page : pages) {
        for (const PageBlock& block : page.blocks) {
            if (block.is_row) continue;
            const std::size_t size = weighted_size(block.text);
            text_of_size[half_points(block.size)] += size;
            total += size;
            bold += block.bold ? size : 0;
        }
    }
    if (total == 0) return;
    const auto most =
        std::ranges::max_element(text_of_size, {}, [](const auto& entry) { return entry.second; });
    body_size_ = static_cast<float>(most->first) / 2;
    mostly_bold_ = bold * 10 > total * 4;

    std::map<int, std::size_t, std::greater<>> larger;
    for (const PageBlocks& page : pages) {
        for (const PageBlock& block : page.blocks) {
            if (may_be_heading(block) && block.size > body_size_ * kLarger)
                ++larger[half_points(block.size)];
        }
    }
    for (const auto& [size, count] : larger) {
        // A size that much of the text is set in is a second body, not a heading.
        if (text_of_size[size] * 5 > total && total > 2000) continue;
        const bool near_last = !heading_sizes_.empty() && heading_sizes_.back() - size <= 1;
        if (!near_last) heading_sizes_.push_back(size);
    }
}

int HeadingFinder::level_of(const PageBlock& block, int page) const {
    if (!may_be_heading(block)) return 0;
    const auto entries = outline_.find(without_blanks(block.text));
    if (entries != outline_.end()) {
        for (const OutlineEntry& entry : entries->second) {
            if (entry.page == 0 || entry.page == page) return std::clamp(entry.level, 1, 6);
        }
    }
    if (const int chapter = chapter_level(block.text); chapter > 0) return chapter;
    const int depth = numbering_depth(block.text);
    if (block.size > body_size_ * kLarger && !heading_sizes_.empty()) {
        const int size = half_points(block.size);
        const auto rank = std::ranges::find_if(heading_sizes_, [size](int other) {
            return std::abs(other - size) <= 1;
        });
        if (rank != heading_sizes_.end()) {
            const auto level = std::distance(heading_sizes_.begin(), rank) + 1;
            return static_cast<int>(std::min<std::ptrdiff_t>(level, kMaxSizeLevels));
        }
    }
    const bool bold_heading = block.bold && !mostly_bold_ && !block.runs_on &&
                              block.size > body_size_ * 0.95F && block.lines <= 2 &&
                              weighted_size(block.text) <= 120 && !ends_like_a_sentence(block.text);
    if (!bold_heading) return 0;
    const int below = static_cast<int>(std::min(heading_sizes_.size(), kMaxSizeLevels - 1));
    return std::min(below + std::max(depth, 1), 6);
}

}  // namespace moat::documents
