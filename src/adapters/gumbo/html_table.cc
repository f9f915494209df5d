#include "adapters/gumbo/html_table.h"

#include <algorithm>
#include <charconv>

#include "documents/characters.h"

namespace moat::adapters {
namespace {

constexpr std::size_t kMaxColumns = 500;
constexpr int kMaxSpan = 100;
constexpr std::size_t kLongCell = 600;  // weighted characters: more than a cell of data holds

int span_of(const GumboNode& cell, const char* name) {
    const std::string_view text = attribute(cell, name);
    int span = 1;
    std::from_chars(text.data(), text.data() + text.size(), span);
    return std::clamp(span, 1, kMaxSpan);
}

struct Shape {
    std::vector<const GumboNode*> rows;
    std::vector<const GumboNode*> captions;
    bool nested = false;
};

class ShapeFinder final : public HtmlVisitor {
  public:
    explicit ShapeFinder(const GumboNode& table) : table_(table) {}

    bool enter(const GumboNode& element) override {
        if (&element != &table_ && is_element(element, GUMBO_TAG_TABLE)) {
            shape.nested = true;
            return false;
        }
        if (is_element(element, GUMBO_TAG_TR)) shape.rows.push_back(&element);
        if (is_element(element, GUMBO_TAG_CAPTION)) shape.captions.push_back(&element);
        return true;
    }
    void leave(const GumboNode&) override {}
    void text(std::string_view) override {}
    bool finished() const override { return shape.nested; }

    Shape shape;

  private:
    const GumboNode& table_;
};

// A cell that reaches down into later rows.
struct Hanging {
    std::string text;
    int rows_left = 0;
};

class RowBuilder {
  public:
    std::vector<std::string> next(const GumboNode& row) {
        std::vector<std::string> cells;
        for (const GumboNode* child : children_of(row)) {
            const bool head = is_element(*child, GUMBO_TAG_TH);
            if (!head && !is_element(*child, GUMBO_TAG_TD)) continue;
            fill_hanging(cells);
            if (cells.size() >= kMaxColumns) break;
            has_head = has_head || head;
            std::string text = inner_text(*child);
            longest = std::max(longest, documents::weighted_size(text));
            const int down = span_of(*child, "rowspan");
            if (hanging_.size() <= cells.size()) hanging_.resize(cells.size() + 1);
            if (down > 1) hanging_[cells.size()] = {text, down - 1};
            cells.push_back(std::move(text));
            cells.resize(cells.size() + static_cast<std::size_t>(span_of(*child, "colspan")) - 1);
        }
        fill_hanging(cells);
        return cells;
    }

    bool has_head = false;
    std::size_t longest = 0;

  private:
    void fill_hanging(std::vector<std::string>& cells) {
        while (cells.size() < hanging_.size() && hanging_[cells.size()].rows_left > 0) {
            Hanging& above = hanging_[cells.size()];
            --above.rows_left;
            cells.push_back(above.text);
        }
    }

    std::vector<Hanging> hanging_;
};

}  // namespace

std::vector<std::vector<std::string>> rows_of_table(const GumboNode& table) {
    if (attribute(table, "role") == "presentation") return {};
    ShapeFinder finder(table);
    finder.visit(table);
    if (finder.shape.nested) return {};
    std::vector<std::vector<std::string>> rows;
    for (const GumboNode* caption : finder.shape.captions)
        rows.push_back({inner_text(*caption)});
    RowBuilder builder;
    std::size_t widest = 0;
    for (const GumboNode* row : finder.shape.rows) {
        rows.push_back(builder.next(*row));
        widest = std::max(widest, rows.back().size());
    }
    const bool arranges = widest < 2 || (builder.longest > kLongCell && !builder.has_head);
    return arranges ? std::vector<std::vector<std::string>>{} : rows;
}

}  // namespace moat::adapters
