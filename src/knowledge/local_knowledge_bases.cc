#include "knowledge/local_knowledge_bases.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "access/policy.h"
#include "base/ids.h"
#include "knowledge/chunk_objects.h"
#include "knowledge/names.h"

namespace moat::knowledge {
namespace {

Error no_base(const std::string& name) {
    return Error{
        ErrorCode::not_found, fmt::format("knowledge base {} not found", quoted_for_people(name))
    };
}

bool may_read(const Principal& who, const BaseRecord& record) {
    return who.role == Role::admin || record.base.owner == who.id ||
           std::ranges::find(record.readers, who.id) != record.readers.end();
}

bool may_write(const Principal& who, const BaseRecord& record) {
    return who.role == Role::admin || record.base.owner == who.id;
}

}  // namespace

LocalKnowledgeBases::LocalKnowledgeBases(Parts parts, ContentStore contents)
    : parts_(std::move(parts)),
      contents_(std::move(contents)),
      originals_(parts_.catalog, contents_),
      collections_(parts_.database),
      search_(collections_, parts_.embedder),
      ingestor_(
          {.catalog = parts_.catalog,
           .contents = contents_,
           .originals = originals_,
           .collections = collections_,
           .parser = parts_.parser,
           .embedder = parts_.embedder,
           .document_locks = document_locks_}
      ),
      queue_(parts_.catalog, ingestor_, parts_.embedder, progress_, parts_.clock, parts_.ingest) {}

Result<std::unique_ptr<LocalKnowledgeBases>> LocalKnowledgeBases::open(Parts parts) {
    TRY_ASSIGN(ContentStore contents, ContentStore::open(parts.files));
    std::unique_ptr<LocalKnowledgeBases> bases(
        new LocalKnowledgeBases(std::move(parts), std::move(contents))
    );
    TRY(bases->tidy());
    return bases;
}

Status LocalKnowledgeBases::tidy() {
    TRY_ASSIGN(const std::vector<Garbage> garbage, parts_.catalog.garbage());
    for (const Garbage& item : garbage)
        TRY(remove_garbage(item));
    return originals_.sweep();
}

Result<BaseRecord> LocalKnowledgeBases::readable(const Principal& who, const std::string& kb) {
    TRY(access::require(who, Role::user));
    auto found = parts_.catalog.find_base(kb);
    if (!found && found.error().code == ErrorCode::not_found) return no_base(kb);
    if (!found) return found;
    if (!may_read(who, *found)) return no_base(kb);
    return found;
}

Result<BaseRecord> LocalKnowledgeBases::writable(const Principal& who, const std::string& kb) {
    TRY_ASSIGN(BaseRecord record, readable(who, kb));
    if (!may_write(who, record))
        return Error{
            ErrorCode::forbidden, "only its owner or an administrator may change a knowledge base"
        };
    return record;
}

Result<KnowledgeBase> LocalKnowledgeBases::create(const Principal& who, const std::string& name) {
    TRY(access::require(who, Role::user));
    TRY(check_base_name(name));
    KnowledgeBase base;
    base.id = random_hex(8);
    base.name = name;
    base.owner = who.id;
    base.created_at = parts_.clock.now();
    TRY(parts_.catalog.add_base(base));
    return base;
}

Result<std::vector<KnowledgeBase>> LocalKnowledgeBases::list(const Principal& who) {
    TRY(access::require(who, Role::user));
    TRY_ASSIGN(const std::vector<BaseRecord> records, parts_.catalog.bases());
    std::vector<KnowledgeBase> bases;
    for (const BaseRecord& record : records)
        if (may_read(who, record)) bases.push_back(record.base);
    return bases;
}

Result<KnowledgeBase> LocalKnowledgeBases::get(const Principal& who, const std::string& name) {
    TRY_ASSIGN(BaseRecord record, readable(who, name));
    return std::move(record.base);
}

Status LocalKnowledgeBases::remove(const Principal& who, const std::string& name) {
    TRY_ASSIGN(const BaseRecord record, writable(who, name));
    TRY_ASSIGN(const auto documents, parts_.catalog.documents(record.base.id));
    {
        const auto locks = document_locks_.all();
        TRY(parts_.catalog.remove_base(record.base.id));
    }
    TRY_ASSIGN(const std::vector<Garbage> garbage, parts_.catalog.garbage());
    for (const Garbage& item : garbage)
        if (item.base == record.base.id) TRY(remove_garbage(item));
    for (const StoredDocument& document : documents) {
        TRY(originals_.collect(document.record.sha256));
        TRY(originals_.collect(document.indexed_sha256));
    }
    return Ok{};
}

Status LocalKnowledgeBases::remove_garbage(const Garbage& garbage) {
    if (garbage.document.empty())
        TRY(collections_.drop(garbage.base));
    else
        TRY(collections_.remove_chunks(garbage.base, garbage.document));
    return parts_.catalog.garbage_removed(garbage.number);
}

Result<DocumentRecord> LocalKnowledgeBases::add_document(
    const Principal& who, const std::string& kb, const std::string& name, std::string_view bytes
) {
    TRY_ASSIGN(const BaseRecord base, writable(who, kb));
    TRY_ASSIGN(std::string clean_name, check_document_name(name));
    const documents::ParseLimits limits;
    if (bytes.size() > limits.max_input_bytes)
        return Error{
            ErrorCode::too_large,
            fmt::format(
                "{} is over the limit of {} MiB",
                quoted_for_people(clean_name),
                limits.max_input_bytes >> 20
            )
        };
    NewDocument document;
    document.base = base.base.id;
    document.name = std::move(clean_name);
    auto stored = originals_.add(std::move(document), bytes);
    // The base went away in between.
    if (!stored && stored.error().code == ErrorCode::conflict) return no_base(kb);
    if (!stored) return stored.error();
    queue_.wake();
    return shown(std::move(*stored));
}

DocumentRecord LocalKnowledgeBases::shown(StoredDocument document) const {
    DocumentRecord record = std::move(document.record);
    if (record.stage == Stage::queued)
        record.stage = progress_.find(record.id).value_or(record.stage);
    return record;
}

Result<std::vector<DocumentRecord>> LocalKnowledgeBases::documents(
    const Principal& who, const std::string& kb
) {
    TRY_ASSIGN(const BaseRecord base, readable(who, kb));
    TRY_ASSIGN(std::vector<StoredDocument> stored, parts_.catalog.documents(base.base.id));
    std::vector<DocumentRecord> records;
    for (StoredDocument& document : stored)
        records.push_back(shown(std::move(document)));
    return records;
}

Result<StoredDocument> LocalKnowledgeBases::stored(const BaseRecord& base, const std::string& id) {
    auto found = parts_.catalog.document(id);
    // The id of a document elsewhere is as good as none.
    if (found && found->record.knowledge_base != base.base.id)
        return Error{ErrorCode::not_found, "document not found"};
    return found;
}

Result<DocumentRecord> LocalKnowledgeBases::document(
    const Principal& who, const std::string& kb, const std::string& id
) {
    TRY_ASSIGN(const BaseRecord base, readable(who, kb));
    TRY_ASSIGN(StoredDocument found, stored(base, id));
    return shown(std::move(found));
}

Status LocalKnowledgeBases::remove_document(
    const Principal& who, const std::string& kb, const std::string& id
) {
    TRY_ASSIGN(const BaseRecord base, writable(who, kb));
    TRY_ASSIGN(const StoredDocument found, stored(base, id));
    {
        const auto lock = document_locks_.of(id);
        TRY(parts_.catalog.remove_document(id));
    }
    TRY_ASSIGN(const std::vector<Garbage> garbage, parts_.catalog.garbage());
    for (const Garbage& item : garbage)
        if (item.document == id) TRY(remove_garbage(item));
    TRY(originals_.collect(found.record.sha256));
    return originals_.collect(found.indexed_sha256);
}

Result<std::string> LocalKnowledgeBases::content(
    const Principal& who, const std::string& kb, const std::string& id
) {
    TRY_ASSIGN(const BaseRecord base, readable(who, kb));
    TRY_ASSIGN(const StoredDocument found, stored(base, id));
    // What the passages were made of, until newer content has taken their place.
    const std::string& shown =
        found.indexed_sha256.empty() ? found.record.sha256 : found.indexed_sha256;
    TRY_ASSIGN(const Sha256 digest, parse_sha256(shown));
    return contents_.get(digest);
}

Result<std::vector<Passage>> LocalKnowledgeBases::passages(
    const Principal& who, const std::string& kb, const std::string& id
) {
    TRY_ASSIGN(const BaseRecord base, readable(who, kb));
    TRY_ASSIGN(const StoredDocument found, stored(base, id));
    TRY_ASSIGN(auto objects, collections_.chunks(base.base.id, id, false));
    std::ranges::sort(objects, {}, [](const collections::Object& chunk) { return ordinal(chunk); });
    std::vector<Passage> passages;
    passages.reserve(objects.size());
    for (const collections::Object& chunk : objects)
        passages.push_back(to_passage(base.base.name, chunk));
    return passages;
}

Result<std::vector<Passage>> LocalKnowledgeBases::search(
    const Principal& who, const std::string& kb, const PassageQuery& query, std::stop_token stop
) {
    TRY_ASSIGN(const BaseRecord base, readable(who, kb));
    return search_.run(who, base.base, query, stop);
}

}  // namespace moat::knowledge
