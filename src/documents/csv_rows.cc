#include "documents/csv_rows.h"

#include <algorithm>
#include <array>

namespace moat::documents {
namespace {

constexpr std::size_t kSampleRows = 50;
constexpr std::size_t kSampleBytes = std::size_t{64} << 10U;

bool is_line_end(char c) {
    return c == '\n' || c == '\r';
}

}  // namespace

// Called behind the opening quote. On return at_ is behind the closing one.
std::string CsvRows::quoted_cell() {
    const std::size_t begin = at_;
    std::string cell;
    std::size_t lines = 0;
    while (at_ < text_.size()) {
        const std::size_t quote = text_.find('"', at_);
        if (quote == std::string_view::npos) break;
        const std::string_view run = text_.substr(at_, quote - at_);
        lines += static_cast<std::size_t>(std::ranges::count(run, '\n'));
        cell += run;
        at_ = quote + 1;
        if (at_ >= text_.size() || text_[at_] != '"') {
            line_ += lines;
            return cell;
        }
        cell += '"';
        ++at_;
    }
    quotes_ = false;
    unclosed_line_ = line_;
    at_ = begin;
    return "";
}

std::string CsvRows::plain_cell() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != separator_ && !is_line_end(text_[at_]))
        ++at_;
    return std::string(text_.substr(begin, at_ - begin));
}

std::optional<std::vector<std::string>> CsvRows::next() {
    while (at_ < text_.size() && is_line_end(text_[at_]))
        line_ += text_[at_++] == '\n' ? 1U : 0U;
    if (at_ >= text_.size()) return std::nullopt;

    std::vector<std::string> row;
    while (true) {
        std::string cell;
        if (quotes_ && at_ < text_.size() && text_[at_] == '"') {
            ++at_;
            cell = quoted_cell();
        }
        cell += plain_cell();  // what stands behind a closing quote belongs to the cell
        row.push_back(std::move(cell));
        if (at_ >= text_.size() || text_[at_] != separator_) return row;
        ++at_;
    }
}

char find_separator(std::string_view text) {
    constexpr std::array kCandidates = {',', ';', '\t', '|'};
    const std::string_view sample = text.substr(0, kSampleBytes);
    char best = ',';
    double best_score = 0;
    for (const char candidate : kCandidates) {
        CsvRows rows(sample, candidate);
        std::vector<std::size_t> widths;
        for (auto row = rows.next(); row && widths.size() < kSampleRows; row = rows.next())
            widths.push_back(row->size());
        if (widths.empty() || widths.front() < 2) continue;
        const auto even = std::ranges::count(widths, widths.front());
        const double share = static_cast<double>(even) / static_cast<double>(widths.size());
        // Evenness decides; between two even ones, the one that makes more cells.
        const double score =
            share + 0.001 * static_cast<double>(std::min<std::size_t>(widths.front(), 100));
        if (score > best_score) {
            best_score = score;
            best = candidate;
        }
    }
    return best;
}

}  // namespace moat::documents
