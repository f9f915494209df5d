#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace moat::collections {

// Separate key ranges of one store, because they are written and read differently.
enum class Space : std::uint8_t {
    catalog,  // schemas and states: few, small
    ids,      // object id -> row: random order
    objects,  // row -> object: written in key order
    vectors,  // row -> vector: the same, not compressible
    log,      // one record per write, until it is sealed: written, then removed in ranges
    terms,    // posting lists: sorted runs
    columns,  // values by property
};
constexpr std::size_t kSpaceCount = 7;
// Those whose keys begin with a collection's number.
inline constexpr std::array kObjectSpaces{
    Space::ids, Space::objects, Space::vectors, Space::log, Space::terms, Space::columns
};

// Changes to be made together. Keys are byte strings in memcmp order.
class KeyValueBatch {
  public:
    virtual ~KeyValueBatch() = default;

    virtual void put(Space space, std::string_view key, std::string_view value) = 0;
    virtual void remove(Space space, std::string_view key) = 0;
    virtual void remove_range(Space space, std::string_view begin, std::string_view end) = 0;
    virtual std::size_t bytes() const = 0;
};

// Walks the keys of [begin, end) in order; stands at the first one when made. The views hold until
// the next call. One thread at a time.
class KeyValueCursor {
  public:
    virtual ~KeyValueCursor() = default;

    virtual bool valid() const = 0;
    virtual std::string_view key() const = 0;
    virtual std::string_view value() const = 0;
    virtual void next() = 0;
    // On to the first key not below `key`.
    virtual void seek(std::string_view key) = 0;
    // Why valid() became false: Ok at the end. Errors: io, corrupt.
    virtual Status status() const = 0;
};

// The store at one moment; later commits do not show. Threads: any.
class KeyValueSnapshot {
  public:
    virtual ~KeyValueSnapshot() = default;

    // Errors: io, corrupt.
    virtual Result<std::optional<std::string>> get(Space space, std::string_view key) const = 0;
    virtual std::unique_ptr<KeyValueCursor> cursor(
        Space space, std::string_view begin, std::string_view end
    ) const = 0;
};

enum class Durability {
    synced,    // on disk when commit() returns
    buffered,  // survives the process, not a power loss, until the next synced commit
};

// A part of a store that could not be read any more: it was set aside when the store was opened,
// and the keys in it are missing now, or are as they were before.
struct Loss {
    Space space = Space::objects;
    std::string first;  // what it held lay in [first, last]
    std::string last;
    std::string file;  // its name, for people
};

// An ordered map on disk with atomic batches.
//
// Threads: any. Errors: io, corrupt. After a failed commit the store may refuse all further ones
// until it is opened again: nothing that failed shows later, except a batch whose sync failed,
// which may.
class KeyValueStore {
  public:
    virtual ~KeyValueStore() = default;

    virtual std::unique_ptr<KeyValueBatch> new_batch() = 0;
    // All of the batch or nothing, also after a crash.
    virtual Status commit(KeyValueBatch& batch, Durability durability) = 0;
    // Keeps the store's past alive while it lives, so do not keep it long. Outlived by the store.
    virtual std::shared_ptr<const KeyValueSnapshot> snapshot() = 0;
    // Of its caches and buffers, as they are now.
    virtual std::size_t memory_bytes() const = 0;

    // What was found damaged by this opening or an earlier one, until settle().
    virtual std::vector<Loss> losses() const { return {}; }
    // What can still be read of the parts that were set aside: keys of `space` in [begin, end), in
    // no order. They may have been removed or replaced since. Errors: those of `visit`.
    using Visit = std::function<Status(std::string_view key, std::string_view value)>;
    virtual Status rescue(Space, std::string_view, std::string_view, const Visit&) const {
        return Ok{};
    }
    // Whatever there was to do about the losses is done. Errors: io.
    virtual Status settle() { return Ok{}; }
};

}  // namespace moat::collections
