#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/result.h"
#include "collections/search.h"
#include "collections/state.h"
#include "index/tokenizer.h"

namespace moat::collections {

// What a question is answered with besides the state. Borrowed: all.
struct SearchContext {
    const index::Tokenizer& tokenizer;
    const FindCollection& find;
    std::int64_t now_ms = 0;
};

// Reads objects and their vectors from a state. Borrows: the state. Threads: any.
// Errors: io, corrupt.
class ObjectReader {
  public:
    explicit ObjectReader(const CollectionState& state) : state_(state) {}

    Result<Object> load(Row row, bool with_vector) const;
    Result<Uuid> id(Row row) const;
    // All objects of `rows`, which exist, in rising order, without vectors. Cost: where rows stand
    // close together they are read in one go, and none is looked up.
    using Visit = std::function<void(Row row, Object object)>;
    Status visit(const index::RowSet& rows, const Visit& visit) const;
    // REQUIRES: the row has it.
    Result<std::vector<float>> vector(Row row, VectorSlot slot) const;
    // The row of an id; nothing when there is none.
    Result<std::optional<Row>> row_of(const Uuid& id) const;

  private:
    Result<std::string> bytes_of(Row row) const;
    Status load_vectors(Row row, Object& object) const;

    const CollectionState& state_;
};

}  // namespace moat::collections
