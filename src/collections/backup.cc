#include "collections/backup.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"
#include "base/test_point.h"
#include "collections/archive.h"
#include "collections/stored_collection.h"
#include "collections/stored_schema.h"
#include "collections/tenant_records.h"

namespace moat::collections {
namespace {

constexpr std::int64_t kFormatVersion = 1;
constexpr std::size_t kMaxManifestBytes = std::size_t{64} << 20;
constexpr std::string_view kUnfinishedPrefix = "restoring/";
constexpr std::size_t kBatchBytes = std::size_t{8} << 20;
constexpr std::uint64_t kReportEvery = 1000;  // objects
// A number's only key outside the spaces of objects.
constexpr std::string_view kStateSuffix = "state";

Error cancelled() {
    return {ErrorCode::cancelled, "the backup was stopped"};
}
Error damaged_head() {
    return {ErrorCode::corrupt, "a file of the backup is damaged: its head does not hold together"};
}

// What the head of an archive says.
struct Head {
    StoredSchema schema;
    std::vector<Tenant> tenants;

    std::string to_json() const {
        json::Array list;
        for (const Tenant& tenant : tenants)
            list.push_back(json::Object{{"name", tenant.name}, {"active", tenant.active}});
        return json::write(json::Object{
            {"version", kFormatVersion}, {"schema", schema.to_json()}, {"tenants", std::move(list)}
        });
    }

    static Result<Head> from_json(std::string_view text) {
        TRY_ASSIGN(const json::Value value, json::read(text));
        const json::Array* tenants = json::find_array(value, "tenants");
        if (tenants == nullptr) return damaged_head();
        Head head;
        TRY_ASSIGN(head.schema, StoredSchema::from_json(json::string_or(value, "schema")));
        for (const json::Value& tenant : *tenants) {
            head.tenants.push_back(
                {json::string_or(tenant, "name"), json::bool_or(tenant, "active", true)}
            );
            if (head.tenants.back().name.empty()) return damaged_head();
        }
        return head;
    }
};

// Copies the keys of one collection number after another.
class Archiver {
  public:
    Archiver(
        const KeyValueSnapshot& snapshot,
        ArchiveWriter& writer,
        const BackupProgress& progress,
        const std::stop_token& stop
    )
        : snapshot_(snapshot), writer_(writer), progress_(progress), stop_(stop) {}

    std::uint64_t objects() const { return objects_; }

    Status add(std::uint32_t part, CollectionNumber number) {
        TRY_ASSIGN(const auto state, snapshot_.get(Space::catalog, state_key(number)));
        if (state) TRY(writer_.add({Space::catalog, part, kStateSuffix, *state}));
        const std::string prefix = collection_prefix(number);
        for (const Space space : kObjectSpaces)
            TRY(add_space(space, part, prefix));
        return Ok{};
    }

  private:
    Status add_space(Space space, std::uint32_t part, const std::string& prefix) {
        const auto cursor = snapshot_.cursor(space, prefix, end_of_prefix(prefix));
        for (; cursor->valid(); cursor->next()) {
            TRY(writer_.add({space, part, cursor->key().substr(prefix.size()), cursor->value()}));
            if (space != Space::ids || ++objects_ % kReportEvery != 0) continue;
            if (progress_) progress_(objects_);
            if (stop_.stop_requested()) return cancelled();
        }
        return cursor->status();
    }

    const KeyValueSnapshot& snapshot_;
    ArchiveWriter& writer_;
    const BackupProgress& progress_;
    const std::stop_token& stop_;
    std::uint64_t objects_ = 0;
};

std::string unfinished_key(CollectionNumber first) {
    return std::string(kUnfinishedPrefix) + collection_prefix(first);
}

}  // namespace

Status begin_numbers(KeyValueStore& store, CollectionNumber first, std::size_t count) {
    std::string bytes;
    put_big_endian(bytes, count, 4);
    const auto mark = store.new_batch();
    mark->put(Space::catalog, unfinished_key(first), bytes);
    return store.commit(*mark, Durability::synced);
}

void end_numbers(KeyValueBatch& changes, CollectionNumber first) {
    changes.remove(Space::catalog, unfinished_key(first));
}

void remove_numbers(KeyValueBatch& changes, CollectionNumber first, std::uint64_t count) {
    const auto end = static_cast<CollectionNumber>(first + count);
    for (const Space space : kObjectSpaces)
        changes.remove_range(space, collection_prefix(first), collection_prefix(end));
    changes.remove_range(Space::catalog, state_key(first), state_key(end));
}

namespace {

// Puts the records of an archive under new numbers.
class Restorer {
  public:
    Restorer(KeyValueStore& store, CollectionNumber first, std::size_t parts)
        : store_(store), first_(first), parts_(parts), batch_(store.new_batch()) {}

    Status add(const ArchiveRecord& record) {
        if (record.part >= parts_) return damaged_head();
        const auto number = static_cast<CollectionNumber>(first_ + record.part);
        if (record.space == Space::catalog) {
            if (record.suffix != kStateSuffix) return damaged_head();
            batch_->put(Space::catalog, state_key(number), record.value);
        } else {
            batch_->put(
                record.space, collection_prefix(number) + std::string(record.suffix), record.value
            );
        }
        if (batch_->bytes() < kBatchBytes) return Ok{};
        TRY(store_.commit(*batch_, Durability::buffered));
        batch_ = store_.new_batch();
        return Ok{};
    }

    // The collection is there: schema, tenants and the last records in one synced commit, which
    // what was buffered before it comes to the disk with.
    Status finish(Head head, const std::string& name) {
        head.schema.number = first_;
        head.schema.schema.name = name;
        batch_->put(Space::catalog, schema_key(name), head.schema.to_json());
        for (std::size_t i = 0; i < head.tenants.size(); ++i) {
            const Tenant& tenant = head.tenants[i];
            const auto number = static_cast<CollectionNumber>(first_ + 1 + i);
            batch_->put(
                Space::catalog,
                tenant_key(first_, tenant.name),
                encode_tenant(number, tenant.active)
            );
        }
        end_numbers(*batch_, first_);
        TEST_POINT("restore.before_commit");
        return store_.commit(*batch_, Durability::synced);
    }

    Status undo() {
        const auto changes = store_.new_batch();
        remove_numbers(*changes, first_, parts_);
        end_numbers(*changes, first_);
        return store_.commit(*changes, Durability::synced);
    }

  private:
    KeyValueStore& store_;
    const CollectionNumber first_;
    const std::size_t parts_;
    std::unique_ptr<KeyValueBatch> batch_;
};

Status copy_records(
    ArchiveReader& reader,
    Restorer& restorer,
    const BackupProgress& progress,
    const std::stop_token& stop
) {
    std::uint64_t objects = 0;
    for (;;) {
        TRY_ASSIGN(const auto record, reader.next());
        if (!record) return Ok{};
        TRY(restorer.add(*record));
        if (record->space != Space::ids || ++objects % kReportEvery != 0) continue;
        if (progress) progress(objects);
        if (stop.stop_requested()) return cancelled();
    }
}

}  // namespace

const BackedUpCollection* BackupManifest::find(std::string_view name) const {
    const auto found = std::ranges::find(collections, name, &BackedUpCollection::name);
    return found == collections.end() ? nullptr : &*found;
}

Status write_backup_manifest(const std::filesystem::path& folder, const BackupManifest& manifest) {
    json::Array list;
    for (const BackedUpCollection& collection : manifest.collections) {
        list.push_back(json::Object{
            {"name", collection.name},
            {"file", collection.file},
            {"objects", collection.objects},
            {"bytes", collection.bytes},
            {"sha256", collection.sha256.hex()},
        });
    }
    const std::string text = json::write(json::Object{
        {"version", kFormatVersion},
        {"created_ms", manifest.created_ms},
        {"collections", std::move(list)},
    });
    return write_file_atomically(folder / kBackupManifestName, bytes_of(text));
}

bool is_archive_name(std::string_view name) {
    constexpr std::string_view kEnd = ".archive";
    if (!name.ends_with(kEnd)) return false;
    name.remove_suffix(kEnd.size());
    return !name.empty() && name.size() <= 20 &&
           std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

Result<BackupManifest> read_backup_manifest(const std::filesystem::path& folder) {
    const auto text = read_file(folder / kBackupManifestName, kMaxManifestBytes);
    if (!text) {
        if (text.error().code != ErrorCode::not_found) return text.error();
        return Error{
            ErrorCode::not_found,
            fmt::format(
                "'{}' is no backup, or one that did not come to its end: it has no {}",
                folder.filename().string(),
                kBackupManifestName
            )
        };
    }
    const Error damaged{ErrorCode::corrupt, fmt::format("{} is damaged", kBackupManifestName)};
    const auto value = json::read(*text);
    if (!value) return damaged;
    if (json::int_or(*value, "version", 0) != kFormatVersion) {
        return Error{ErrorCode::unsupported, "the backup was made by another version of Moat"};
    }
    BackupManifest manifest;
    manifest.created_ms = json::int_or(*value, "created_ms", 0);
    const json::Array* list = json::find_array(*value, "collections");
    if (list == nullptr) return damaged;
    for (const json::Value& entry : *list) {
        BackedUpCollection collection;
        collection.name = json::string_or(entry, "name");
        collection.file = json::string_or(entry, "file");
        // It is joined to the folder, and must not lead out of it.
        if (!is_archive_name(collection.file)) return damaged;
        collection.objects = static_cast<std::uint64_t>(json::int_or(entry, "objects", 0));
        collection.bytes = static_cast<std::uint64_t>(json::int_or(entry, "bytes", 0));
        const auto digest = parse_sha256(json::string_or(entry, "sha256"));
        if (!digest) return damaged;
        collection.sha256 = *digest;
        manifest.collections.push_back(std::move(collection));
    }
    return manifest;
}

Status verify_archive(const std::filesystem::path& folder, const BackedUpCollection& collection) {
    TRY_ASSIGN(const Sha256 digest, sha256_of_file(folder / collection.file));
    if (digest == collection.sha256) return Ok{};
    return Error{
        ErrorCode::corrupt,
        fmt::format(
            "{} of the backup is not as it was written (collection '{}'); take another backup",
            collection.file,
            collection.name
        )
    };
}

Result<BackedUpCollection> archive_collection(
    const KeyValueSnapshot& snapshot,
    const std::string& name,
    const std::filesystem::path& folder,
    const BackupProgress& progress,
    const std::stop_token& stop
) {
    TRY_ASSIGN(const auto stored, snapshot.get(Space::catalog, schema_key(name)));
    if (!stored) {
        return Error{ErrorCode::not_found, fmt::format("there is no collection '{}'", name)};
    }
    Head head;
    TRY_ASSIGN(head.schema, StoredSchema::from_json(*stored));
    TRY_ASSIGN(const auto tenants, read_tenants(snapshot, head.schema.number));
    std::vector<CollectionNumber> numbers{head.schema.number};
    for (const TenantRecord& tenant : tenants) {
        head.tenants.push_back({tenant.name, tenant.active});
        numbers.push_back(tenant.number);
    }
    BackedUpCollection made{.name = name, .file = fmt::format("{}.archive", head.schema.number)};
    TRY_ASSIGN(auto writer, ArchiveWriter::create(folder / made.file, head.to_json()));
    Archiver archiver(snapshot, writer, progress, stop);
    for (std::uint32_t part = 0; part < numbers.size(); ++part)
        TRY(archiver.add(part, numbers[part]));
    TRY_ASSIGN(const ArchiveDigest digest, writer.finish());
    made.objects = archiver.objects();
    made.bytes = digest.bytes;
    made.sha256 = digest.sha256;
    return made;
}

Status restore_collection(
    KeyValueStore& store,
    const std::filesystem::path& archive,
    const std::string& name,
    const std::function<Result<CollectionNumber>(std::size_t count)>& take_numbers,
    const BackupProgress& progress,
    const std::stop_token& stop
) {
    TRY_ASSIGN(auto reader, ArchiveReader::open(archive));
    TRY_ASSIGN(Head head, Head::from_json(reader.head()));
    const std::size_t parts = 1 + head.tenants.size();
    TRY_ASSIGN(const CollectionNumber first, take_numbers(parts));
    Restorer restorer(store, first, parts);
    TRY(begin_numbers(store, first, parts));
    Status copied = copy_records(reader, restorer, progress, stop);
    if (copied) return restorer.finish(std::move(head), name);
    TRY(restorer.undo());
    return copied;
}

Status remove_unfinished_restorations(KeyValueStore& store) {
    const auto snapshot = store.snapshot();
    const std::string begin(kUnfinishedPrefix);
    const auto cursor = snapshot->cursor(Space::catalog, begin, end_of_prefix(begin));
    if (!cursor->valid()) return cursor->status();
    const auto changes = store.new_batch();
    for (; cursor->valid(); cursor->next()) {
        const auto first =
            static_cast<CollectionNumber>(big_endian_of(cursor->key().substr(begin.size())));
        remove_numbers(*changes, first, big_endian_of(cursor->value()));
        end_numbers(*changes, first);
    }
    TRY(cursor->status());
    return store.commit(*changes, Durability::synced);
}

}  // namespace moat::collections
