#include "adapters/gumbo/main_content.h"

#include <algorithm>
#include <array>

#include "adapters/gumbo/html_table.h"
#include "documents/characters.h"

namespace moat::adapters {
namespace {

// Words of an id or class that say "not the content", sorted.
constexpr std::array kSurroundings = std::to_array<std::string_view>({
    "ad",         "ads",        "advert",     "advertisement", "aside",   "banner",
    "breadcrumb", "catlinks",   "comments",   "cookie",        "cookies", "copyright",
    "crumb",      "crumbs",     "disqus",     "editsection",   "footer",  "hidden",
    "jump",       "login",      "menu",       "modal",         "nav",     "navbar",
    "navbox",     "navigation", "newsletter", "noprint",       "pager",   "pagination",
    "popup",      "promo",      "recommend",  "recommended",   "related", "respond",
    "share",      "sharing",    "sidebar",    "skip",          "social",  "sponsor",
    "sponsored",  "subscribe",  "toolbar",    "tracking",
});

bool names_surroundings(std::string_view names) {
    std::size_t begin = 0;
    const auto is_word = [&](std::size_t end) {
        const std::string word = documents::lower_ascii(names.substr(begin, end - begin));
        return std::ranges::binary_search(kSurroundings, word);
    };
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
        const bool hump = i > begin && names[i] >= 'A' && names[i] <= 'Z' && names[i - 1] >= 'a' &&
                          names[i - 1] <= 'z';
        if (letter(names[i]) && !hump) continue;
        if (is_word(i)) return true;
        begin = hump ? i : i + 1;
    }
    return is_word(names.size());
}

bool has_surrounding_role(const GumboNode& element) {
    constexpr std::array kRoles = std::to_array<std::string_view>(
        {"alert",
         "banner",
         "complementary",
         "contentinfo",
         "dialog",
         "menu",
         "menubar",
         "navigation",
         "search"}
    );
    const std::string_view role = attribute(element, "role");
    return !role.empty() && std::ranges::binary_search(kRoles, role);
}

bool is_hidden(const GumboNode& element) {
    if (has_attribute(element, "hidden") || attribute(element, "aria-hidden") == "true")
        return true;
    std::string style = documents::lower_ascii(attribute(element, "style"));
    std::erase(style, ' ');
    return style.contains("display:none") || style.contains("visibility:hidden");
}

bool inside_content(const GumboNode& element) {
    for (const GumboNode* up = element.parent; up != nullptr; up = up->parent) {
        if (is_element(*up, GUMBO_TAG_MAIN) || is_element(*up, GUMBO_TAG_ARTICLE)) return true;
    }
    return false;
}

// What the page's author marked as no content by tag, role or style.
bool is_marked(const GumboNode& element) {
    switch (element.v.element.tag) {
        case GUMBO_TAG_NAV:
        case GUMBO_TAG_FOOTER:
        case GUMBO_TAG_ASIDE:
            return true;
        case GUMBO_TAG_HEADER:  // of the page; an article's own header holds its title
            return !inside_content(element);
        case GUMBO_TAG_SUP:
            return attribute(element, "class") == "reference";
        default:
            return has_surrounding_role(element) || is_hidden(element);
    }
}

bool is_container(const GumboNode& element) {
    switch (element.v.element.tag) {
        case GUMBO_TAG_BODY:
        case GUMBO_TAG_DIV:
        case GUMBO_TAG_MAIN:
        case GUMBO_TAG_ARTICLE:
        case GUMBO_TAG_SECTION:
        case GUMBO_TAG_CENTER:
        case GUMBO_TAG_FORM:
        case GUMBO_TAG_TABLE:
        case GUMBO_TAG_TBODY:
        case GUMBO_TAG_TR:
        case GUMBO_TAG_TD:
            return true;
        default:
            return false;
    }
}

const GumboNode* find_body(const GumboNode* root) {
    for (const GumboNode* child : children_of(*root)) {
        if (is_element(*child, GUMBO_TAG_BODY)) return child;
    }
    return root;
}

}  // namespace

// Sums up text from the leaves upwards.
class MainContent::Weigher final : public HtmlVisitor {
  public:
    explicit Weigher(std::unordered_map<const GumboNode*, Weight>& weights) : weights_(weights) {}

    bool enter(const GumboNode& element) override {
        if (is_never_shown(element.v.element.tag) || is_marked(element)) return false;
        if (element.v.element.tag == GUMBO_TAG_A) ++links_;
        open_.emplace_back();
        return true;
    }
    void leave(const GumboNode& element) override {
        if (element.v.element.tag == GUMBO_TAG_A) --links_;
        const Weight weight = open_.back();
        open_.pop_back();
        weights_[&element] = weight;
        if (open_.empty()) return;
        open_.back().text += weight.text;
        open_.back().links += weight.links;
        open_.back().stops += weight.stops;
    }
    void text(std::string_view text) override {
        if (open_.empty()) return;
        text = documents::trim(text);
        Weight& weight = open_.back();
        const std::size_t size = documents::weighted_size(text);
        weight.text += size;
        if (links_ > 0) weight.links += size;
        for (std::size_t at = 0; at < text.size();) {
            const char32_t c = documents::next_character(text, at);
            if (c == '.' || c == ',' || c == U'。' || c == U'，' || c == ';') ++weight.stops;
        }
    }

  private:
    std::unordered_map<const GumboNode*, Weight>& weights_;
    std::vector<Weight> open_;
    int links_ = 0;
};

MainContent::MainContent(const HtmlTree& tree) : root_(find_body(tree.root())) {
    Weigher(weights_).visit(*root_);
    descend();
    const Weight& all = weight_of(*root_);
    page_of_links_ = all.links * 2 > all.text;
}

const MainContent::Weight& MainContent::weight_of(const GumboNode& node) const {
    static const Weight none;
    const auto found = weights_.find(&node);
    return found == weights_.end() ? none : found->second;
}

void MainContent::descend() {
    while (true) {
        const GumboNode* heaviest = nullptr;
        for (const GumboNode* child : children_of(*root_)) {
            if (!is_element(*child) || !is_container(*child)) continue;
            if (heaviest == nullptr || weight_of(*child).plain() > weight_of(*heaviest).plain())
                heaviest = child;
        }
        if (heaviest == nullptr) return;
        const std::size_t all = weight_of(*root_).plain();
        if (all == 0 || weight_of(*heaviest).plain() * 10 < all * 8) return;
        if (is_element(*heaviest, GUMBO_TAG_TABLE) && !rows_of_table(*heaviest).empty()) return;
        root_ = heaviest;
    }
}

bool MainContent::is_link_list(const GumboNode& element) const {
    switch (element.v.element.tag) {
        case GUMBO_TAG_UL:
        case GUMBO_TAG_OL:
        case GUMBO_TAG_DIV:
        case GUMBO_TAG_SECTION:
        case GUMBO_TAG_DL:
            break;
        default:
            return false;
    }
    const Weight& weight = weight_of(element);
    return weight.text > 0 && weight.links * 10 > weight.text * 8 &&
           weight.stops * 60 < weight.text;
}

bool MainContent::is_boilerplate(const GumboNode& element) const {
    if (is_never_shown(element.v.element.tag) || is_marked(element)) return true;
    const Weight& weight = weight_of(element);
    if (weight.plain() * 2 > weight_of(*root_).plain()) return false;
    if (names_surroundings(attribute(element, "class")) ||
        names_surroundings(attribute(element, "id")))
        return true;
    return !page_of_links_ && is_link_list(element);
}

}  // namespace moat::adapters
