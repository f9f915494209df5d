// What the collections keep on disk: objects, vectors, log records, states, schemas, columns,
// segments, tenants, archives. The first byte says which; sealed ones get a checksum that is right,
// so that the reader behind it is what is tried. What is read is written, and must read the same
// again.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "collections/archive.h"
#include "collections/backup.h"
#include "collections/checksum.h"
#include "collections/column.h"
#include "collections/object_codec.h"
#include "collections/segment.h"
#include "collections/state.h"
#include "collections/stored_schema.h"
#include "collections/tenant_records.h"
#include "index/coding.h"

namespace {

using namespace moat;
using namespace moat::collections;

// The value of one tenant, as a store would give it.
class OneTenant final : public KeyValueSnapshot {
  public:
    explicit OneTenant(std::string_view value) : key_(tenant_key(1, "name")), value_(value) {}

    Result<std::optional<std::string>> get(Space, std::string_view) const override {
        return std::optional<std::string>();
    }
    std::unique_ptr<KeyValueCursor> cursor(Space, std::string_view, std::string_view)
        const override {
        return std::make_unique<Cursor>(*this);
    }

  private:
    class Cursor final : public KeyValueCursor {
      public:
        explicit Cursor(const OneTenant& from) : from_(from) {}
        bool valid() const override { return valid_; }
        std::string_view key() const override { return from_.key_; }
        std::string_view value() const override { return from_.value_; }
        void next() override { valid_ = false; }
        void seek(std::string_view) override {}
        Status status() const override { return Ok{}; }

      private:
        const OneTenant& from_;
        bool valid_ = true;
    };

    const std::string key_;
    const std::string value_;
};

void read_object(std::string_view bytes) {
    (void)decode_id(bytes);
    const auto object = decode_object(bytes);
    if (!object) return;
    const std::string again = encode_object(
        object->id, object->created_ms, object->updated_ms, encode_properties(object->properties)
    );
    const auto second = decode_object(again);
    if (!second || second->id != object->id || second->created_ms != object->created_ms ||
        encode_properties(second->properties) != encode_properties(object->properties)) {
        __builtin_trap();
    }
}

void read_log_record(std::string_view bytes) {
    const auto record = decode_log_record(bytes);
    if (!record) return;
    const std::string again = encode_log_record(*record);
    const auto second = decode_log_record(again);
    if (!second || encode_log_record(*second) != again) __builtin_trap();
}

void read_state_bytes(std::string_view bytes) {
    const auto state = decode_state(bytes);
    if (!state) return;
    const std::string again = encode_state(*state, state->sealed);
    const auto second = decode_state(again);
    if (!second || encode_state(*second, second->sealed) != again) __builtin_trap();
}

void read_segment(std::string_view bytes) {
    const auto segment = decode_segment(bytes);
    if (!segment) return;
    std::string again;
    encode_segment(*segment, again);
    const auto second = decode_segment(again);
    if (!second || second->terms.size() != segment->terms.size()) __builtin_trap();
}

void read_schema(std::string_view text) {
    const auto schema = StoredSchema::from_json(text);
    if (!schema) return;
    const auto second = StoredSchema::from_json(schema->to_json());
    if (!second || second->to_json() != schema->to_json()) __builtin_trap();
}

// In a file of memory, in frames of so many bytes each, whose checksums are right.
void read_archive(std::string_view bytes) {
    std::string file = "MOATBKP1";
    while (!bytes.empty()) {
        const std::string_view frame = bytes.substr(1, static_cast<std::uint8_t>(bytes.front()));
        bytes.remove_prefix(1 + frame.size());
        index::put_fixed(file, static_cast<std::uint64_t>(frame.size()));
        index::put_fixed(file, checksum_of(frame));
        file.append(frame);
    }
    const int memory = memfd_create("archive", 0);
    if (memory < 0 || ::write(memory, file.data(), file.size()) < 0) __builtin_trap();
    auto reader = ArchiveReader::open("/proc/self/fd/" + std::to_string(memory));
    for (bool more = reader.has_value(); more;) {
        const auto record = reader->next();
        more = record && record->has_value();
    }
    ::close(memory);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    // One of the versions there were, mostly.
    const std::string sealed = seal_bytes(data[1], bytes);
    switch (data[0] % 10) {
        case 0:
            read_object(sealed);
            break;
        case 1:
            (void)decode_vector(sealed);
            break;
        case 2:
            read_log_record(sealed);
            break;
        case 3:
            read_state_bytes(sealed);
            break;
        case 4:
            read_segment(bytes);
            break;
        case 5:
            read_schema(bytes);
            break;
        case 6:
            (void)decode_column(bytes, data[1]);
            break;
        case 7:
            (void)read_tenants(OneTenant(bytes), 1);
            break;
        case 8:
            read_archive(bytes);
            break;
        default:
            (void)decode_properties(bytes);
            break;
    }
    return 0;
}
