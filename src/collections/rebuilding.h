#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "collections/key_value_store.h"
#include "collections/stored_schema.h"
#include "index/tokenizer.h"

// A collection, of which the store lost a part, made anew from the objects that are left. Objects
// and vectors are the one thing that cannot be made from others; ids, postings, columns, state and
// log can, and are. docs/decisions/0019-damaged-stores.md.
namespace moat::collections {

struct Rebuilt {
    std::uint64_t objects = 0;
    std::uint64_t lost_objects = 0;  // of those the state knew; their ids are not known any more
    std::uint64_t lost_vectors = 0;  // of objects that are there
};

// What of `losses` may have been of the keys of a collection number.
std::vector<Loss> losses_of(std::span<const Loss> losses, CollectionNumber number);

// Writes the objects of schema.number, and all that is made of them, under `number`, with the rows
// they had. Those that can still be read in what was set aside are among them. Nothing of the
// former number is removed. Where the state or the log is what was lost, the objects that are
// stored are those that count, and of two with one id the later. Cost: analyses all objects again.
// Errors: io, corrupt.
Result<Rebuilt> rebuild_objects(
    KeyValueStore& store,
    const index::Tokenizer& tokenizer,
    const StoredSchema& schema,
    CollectionNumber number,
    std::span<const Loss> losses
);

}  // namespace moat::collections
