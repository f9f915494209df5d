#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <md4c.h>

#include "documents/document_builder.h"

namespace moat::adapters {

// Turns md4c's events into blocks. Threads: one at a time. Borrows: the builder.
class MarkdownEvents {
  public:
    explicit MarkdownEvents(documents::DocumentBuilder& builder) : builder_(builder) {}

    // Reads the whole text. Errors: too_large.
    Status run(std::string_view markdown);

  private:
    struct List {
        bool numbered = false;
        unsigned next_number = 1;
        bool item_begins = false;  // the next text is the first of its item
    };

    static int on_enter_block(MD_BLOCKTYPE type, void* detail, void* self);
    static int on_leave_block(MD_BLOCKTYPE type, void* detail, void* self);
    static int on_enter_span(MD_SPANTYPE type, void* detail, void* self);
    static int on_leave_span(MD_SPANTYPE type, void* detail, void* self);
    static int on_text(MD_TEXTTYPE type, const char* text, MD_SIZE size, void* self);

    void enter(MD_BLOCKTYPE type, const void* detail);
    Status leave(MD_BLOCKTYPE type, const void* detail);
    void append(MD_TEXTTYPE type, std::string_view text);
    Status flush();

    documents::DocumentBuilder& builder_;
    Status status_ = Ok{};
    std::string text_;
    bool soft_break_ = false;  // a line of the source ended before the next text
    std::vector<List> lists_;
    std::vector<std::string> cells_;
};

}  // namespace moat::adapters
