#include "knowledge/ingestor.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "access/policy.h"
#include "base/log.h"
#include "documents/chunker.h"
#include "documents/format_registry.h"
#include "knowledge/chunk_objects.h"
#include "knowledge/cleaning.h"
#include "knowledge/record_fields.h"
#include "knowledge/script.h"

namespace moat::knowledge {
namespace {

using collections::Object;

// Texts of one call to the embedder: enough to fill its batches, few enough to stop soon.
constexpr std::size_t kEmbedBatch = 64;

Status stopped(const std::stop_token& stop) {
    if (stop.stop_requested()) return Error{ErrorCode::cancelled, "the server is stopping"};
    return Ok{};
}

bool has_many_fields(const std::vector<documents::Chunk>& chunks) {
    return std::ranges::any_of(chunks, [](const documents::Chunk& chunk) {
        return chunk.fields.size() > kMaxFields;
    });
}

}  // namespace

bool may_pass(ErrorCode code) {
    return code == ErrorCode::io || code == ErrorCode::busy || code == ErrorCode::internal;
}

Status Ingestor::run(
    const StoredDocument& document, bool last_attempt, const StageSink& stage, std::stop_token stop
) {
    stage(Stage::parsing);
    TRY_ASSIGN(Prepared prepared, parse(document, stop));
    stage(Stage::embedding);
    if (const Status embedded = embed(document, prepared, stop); !embedded) {
        const ErrorCode code = embedded.error().code;
        if (code == ErrorCode::cancelled || (may_pass(code) && !last_attempt))
            return embedded.error();
        keep_keywords_only(
            prepared, "the embedding model failed (" + embedded.error().message + ")"
        );
    }
    TRY(stopped(stop));
    stage(Stage::indexing);
    return commit(document, std::move(prepared));
}

Result<Ingestor::Prepared> Ingestor::parse(const StoredDocument& document, std::stop_token stop) {
    TRY_ASSIGN(const Sha256 digest, parse_sha256(document.record.sha256));
    TRY_ASSIGN(
        documents::Document parsed,
        parts_.parser.parse(parts_.contents.path_of(digest), document.record.name, stop)
    );
    parsed = clean(std::move(parsed));
    const std::vector<documents::Chunk> chunks = documents::chunk_document(parsed);
    if (chunks.size() > collections::kMaxBatchObjects)
        return Error{
            ErrorCode::too_large,
            fmt::format(
                "{} makes {} passages, more than {}: split it into several files",
                documents::quoted_name(document.record.name),
                chunks.size(),
                collections::kMaxBatchObjects
            )
        };
    if (chunks.empty() && parsed.warnings.empty())
        parsed.warnings.emplace_back("the file has no text");

    Prepared prepared;
    prepared.properties = field_properties(chunks);
    prepared.chunks = to_objects(
        {.id = document.record.id, .name = document.record.name, .title = parsed.title}, chunks
    );
    prepared.warnings = std::move(parsed.warnings);
    if (has_many_fields(chunks))
        prepared.warnings.push_back(
            fmt::format("only the first {} columns can be filtered by", kMaxFields)
        );
    parsed.blocks.clear();
    prepared.document = std::move(parsed);
    return prepared;
}

Result<std::string> Ingestor::choose_model(const std::string& base) {
    TRY_ASSIGN(const BaseRecord record, parts_.catalog.find_base_by_id(base));
    const std::string& model = record.base.embedding_model;
    if (!model.empty()) return parts_.embedder.installed(model) ? model : std::string();
    const auto installed = parts_.embedder.default_model();
    if (!installed) return std::string();
    return parts_.catalog.set_embedding_model(base, *installed);
}

Status Ingestor::embed(const StoredDocument& document, Prepared& prepared, std::stop_token stop) {
    TRY_ASSIGN(const std::string model, choose_model(document.record.knowledge_base));
    if (model.empty()) return Ok{};
    std::map<std::string, std::vector<float>> known;
    if (document.embedding_model == model) {
        TRY_ASSIGN(
            std::vector<Object> before,
            parts_.collections.chunks(document.record.knowledge_base, document.record.id, true)
        );
        for (Object& chunk : before)
            if (!chunk.vector.empty()) known[text_digest(chunk)] = std::move(chunk.vector);
    }
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < prepared.chunks.size(); ++i) {
        const auto found = known.find(text_digest(prepared.chunks[i]));
        if (found == known.end())
            missing.push_back(i);
        else
            prepared.chunks[i].vector = found->second;
    }
    TRY(embed_missing(model, missing, prepared.chunks, stop));
    prepared.embedding_model = model;
    return Ok{};
}

Status Ingestor::embed_missing(
    const std::string& model,
    const std::vector<std::size_t>& missing,
    std::vector<Object>& chunks,
    std::stop_token stop
) {
    const Principal server = access::system_principal();
    std::vector<std::size_t> batch;
    std::vector<std::string> texts;
    const auto flush = [&]() -> Status {
        if (batch.empty()) return Ok{};
        TRY(stopped(stop));
        TRY_ASSIGN(auto vectors, parts_.embedder.embed(server, model, texts, stop));
        CHECK(vectors.size() == batch.size());
        for (std::size_t i = 0; i < batch.size(); ++i)
            chunks[batch[i]].vector = std::move(vectors[i]);
        batch.clear();
        texts.clear();
        return Ok{};
    };
    std::optional<bool> reads_chinese;  // asked only when there is Chinese
    for (const std::size_t i : missing) {
        std::string text = embedded_text(chunks[i]);
        if (is_mostly_cjk(text)) {
            if (!reads_chinese) {
                TRY_ASSIGN(reads_chinese, parts_.embedder.reads_chinese(server, model, stop));
            }
            if (!*reads_chinese) continue;
        }
        batch.push_back(i);
        texts.push_back(std::move(text));
        if (batch.size() == kEmbedBatch) TRY(flush());
    }
    return flush();
}

Status Ingestor::commit(const StoredDocument& document, Prepared prepared) {
    const auto lock = parts_.document_locks.of(document.record.id);
    // Changed or removed while it was worked on: its newer job, if any, does the work.
    const auto now = parts_.catalog.document(document.record.id);
    if (!now && now.error().code == ErrorCode::not_found) return Ok{};
    if (!now) return now.error();
    if (now->revision != document.revision) return Ok{};

    Indexed result;
    result.document = document.record.id;
    result.revision = document.revision;
    result.media_type = prepared.document.media_type;
    result.pages = prepared.document.pages;
    result.chunks = static_cast<std::int64_t>(prepared.chunks.size());
    TRY(replace_chunks(document, prepared));
    result.warnings = std::move(prepared.warnings);
    result.embedding_model = std::move(prepared.embedding_model);
    TRY_ASSIGN(const bool current, parts_.catalog.finish_job(result));
    if (!current) return Ok{};
    // What the chunks were made of before. A leftover costs space until the next start, no more.
    if (const Status tidied = parts_.originals.collect(document.indexed_sha256); !tidied)
        log::warning("ingest: {}", tidied.error().message);
    return Ok{};
}

void Ingestor::keep_keywords_only(Prepared& prepared, std::string_view reason) {
    prepared.embedding_model.clear();
    for (Object& chunk : prepared.chunks)
        chunk.vector.clear();
    prepared.warnings.push_back(fmt::format("searchable by keywords only: {}", reason));
}

void Ingestor::fit_to(const collections::Schema& schema, Prepared& prepared) {
    std::size_t dimensions = schema.dimensions;
    const auto fits = [&dimensions](const Object& chunk) {
        if (dimensions == 0) dimensions = chunk.vector.size();
        return chunk.vector.empty() || chunk.vector.size() == dimensions;
    };
    if (!std::ranges::all_of(prepared.chunks, fits))
        keep_keywords_only(
            prepared,
            fmt::format(
                "{} gives vectors of another size than those the knowledge base has",
                prepared.embedding_model
            )
        );
    std::vector<std::string> missing;
    for (const collections::Property& property : prepared.properties)
        if (!has_property(schema, property.name)) missing.push_back(property.name);
    if (missing.empty()) return;
    for (Object& chunk : prepared.chunks)
        for (const std::string& name : missing)
            chunk.properties.erase(name);
    prepared.warnings.emplace_back(
        "some columns cannot be filtered by: the knowledge base has too many different ones"
    );
}

Status Ingestor::replace_chunks(const StoredDocument& document, Prepared& prepared) {
    const std::string& base = document.record.knowledge_base;
    TRY_ASSIGN(const auto collection, parts_.collections.open(base, prepared.properties));
    fit_to(collection->schema(), prepared);
    TRY_ASSIGN(
        const std::vector<Object> before, parts_.collections.chunks(base, document.record.id, false)
    );
    std::unordered_set<Uuid, UuidHash> gone;
    for (const Object& chunk : before)
        gone.insert(chunk.id);
    for (const Object& chunk : prepared.chunks)
        gone.erase(chunk.id);
    collections::WriteBatch batch;
    batch.removes.assign(gone.begin(), gone.end());
    batch.puts = std::move(prepared.chunks);
    if (batch.removes.empty() && batch.puts.empty()) return Ok{};
    return collection->write(access::system_principal(), std::move(batch));
}

}  // namespace moat::knowledge
