#pragma once

#include <cstddef>
#include <unordered_map>

#include "adapters/gumbo/html_tree.h"

namespace moat::adapters {

// Tells what a page is about from what surrounds it: menus, adverts, footers, link lists.
//
// By tag and role, by words in id and class, by the share of text that is links; and by following
// the text downwards: from the body into whichever child holds nearly all of it. What it cannot
// tell it keeps: losing a paragraph is worse than keeping a menu.
// Threads: one at a time. Borrows: the tree.
class MainContent {
  public:
    explicit MainContent(const HtmlTree& tree);

    const GumboNode& root() const { return *root_; }
    // To be left out below root()?
    bool is_boilerplate(const GumboNode& element) const;

  private:
    struct Weight {
        std::size_t text = 0;   // weighted characters
        std::size_t links = 0;  // of them inside links
        std::size_t stops = 0;  // sentence marks
        std::size_t plain() const { return text - links; }
    };
    class Weigher;

    const Weight& weight_of(const GumboNode& node) const;
    void descend();
    bool is_link_list(const GumboNode& element) const;

    std::unordered_map<const GumboNode*, Weight> weights_;
    const GumboNode* root_;
    bool page_of_links_ = false;
};

}  // namespace moat::adapters
