#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "collections/filter.h"
#include "collections/state.h"
#include "collections/term_reader.h"
#include "index/tokenizer.h"

namespace moat::collections {

// Turns a filter into the live rows that pass it, by the property indexes alone: no object is read.
//
//   text   a term condition: `equal` needs every term of the value, as the property's tokenization
//          cuts it, in the same object (so it is exact for `field` only). `greater` and its kin
//          compare terms bytewise.
//   lists  pass when any element does
//   not_equal, none_of: everything else, objects without the property included
//
// Borrows: the state and the tokenizer. Threads: any.
// Errors: invalid_argument (naming the property), unsupported; io, corrupt.
class FilterEvaluator {
  public:
    FilterEvaluator(const CollectionState& state, const index::Tokenizer& tokenizer)
        : state_(state), terms_(state), tokenizer_(tokenizer) {}

    Result<index::RowSet> rows(const Filter& filter) const;

  private:
    struct Target;

    Result<index::RowSet> evaluate(const Filter& filter, int depth) const;
    Result<index::RowSet> combine(const Filter& filter, int depth) const;
    Result<Target> target_of(const Filter& filter) const;
    Result<index::RowSet> leaf(const Filter& filter) const;
    Result<index::RowSet> equal(const Target& target, const json::Value& value) const;
    Result<index::RowSet> contains(const Target& target, const Filter& filter) const;
    Result<index::RowSet> range(const Target& target, const Filter& filter) const;
    Result<index::RowSet> like(const Target& target, const json::Value& value) const;
    Result<index::RowSet> having(const Target& target) const;
    Result<index::RowSet> with_id(const json::Value& value) const;
    Result<index::RowSet> with_term(PropertyNumber property, std::string_view term) const;

    const CollectionState& state_;
    const TermReader terms_;
    const index::Tokenizer& tokenizer_;
};

// Whether `text` matches `pattern`, in which ? stands for one character and * for any run.
bool matches_wildcards(std::string_view text, std::string_view pattern);

}  // namespace moat::collections
