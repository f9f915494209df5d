#include "app/knowledge_services.h"

#include <algorithm>

#include "adapters/jieba/segmenter.h"
#include "adapters/rocksdb/store.h"
#include "adapters/snowball/stemmer.h"
#include "adapters/sqlite/catalog_schema.h"
#include "app/parse/parse_main.h"
#include "base/child_process.h"
#include "base/memory_budget.h"
#include "collections/open.h"
#include "collections/store_memory.h"

namespace moat::app {
namespace {

collections::StoreMemory store_memory(const Config& config) {
    const std::size_t wanted = config.store_memory_mb > 0
                                   ? static_cast<std::size_t>(config.store_memory_mb) << 20
                                   : machine_memory() / 4;
    return collections::StoreMemory::of(std::max(wanted, collections::StoreMemory::kLeast));
}

// A damaged part that only shows when it is read is set aside by opening the store again.
Result<std::unique_ptr<collections::Database>> open_collections(
    const std::filesystem::path& folder, const collections::StoreMemory& memory
) {
    constexpr int kMaxTries = 100;
    for (int i = 1;; ++i) {
        collections::DatabaseParts parts;
        TRY_ASSIGN(
            parts.store,
            adapters::rocksdb_store::open_store(
                folder / "store", {.cache_bytes = memory.cache, .buffer_bytes = memory.buffers}
            )
        );
        parts.upkeep.column_cache_bytes = memory.columns;
        parts.vector_bytes = memory.vectors;
        parts.segmenter = adapters::jieba::make_segmenter();
        parts.stemmer = adapters::snowball::make_english_stemmer();
        auto opened = collections::open_database(folder, std::move(parts));
        if (opened || opened.error().code != ErrorCode::corrupt || i == kMaxTries) return opened;
    }
}

}  // namespace

Result<KnowledgeServices::Stores> KnowledgeServices::open_stores(const Config& config) {
    Stores stores;
    TRY_ASSIGN(
        stores.catalog,
        sqlite::Database::open(config.data / "catalog.db", sqlite::catalog_migrations())
    );
    const collections::StoreMemory memory = store_memory(config);
    stores.memory_limit = memory.total;
    TRY_ASSIGN(stores.collections, open_collections(config.data / "collections", memory));
    TRY_ASSIGN(const std::string program, own_executable());
    stores.parser = make_parser_process(
        program, static_cast<std::size_t>(config.ingest_workers), documents::ParseLimits{}
    );
    return stores;
}

KnowledgeServices::KnowledgeServices(
    const Config& config, Stores stores, ModelServices& models, const Clock& clock
)
    : stores_(std::move(stores)),
      catalog_(*stores_.catalog, clock),
      conversations_(*stores_.catalog, clock),
      embedder_(models.store, models.runtime, config.embedding_model),
      generator_(models.store, models.runtime, config.chat_model) {}

KnowledgeServices::~KnowledgeServices() = default;

Status KnowledgeServices::open_bases(const Config& config, const Clock& clock) {
    knowledge::IngestSettings ingest;
    ingest.workers = static_cast<std::size_t>(config.ingest_workers);
    TRY_ASSIGN(
        bases_,
        knowledge::LocalKnowledgeBases::open({
            .catalog = catalog_,
            .database = *stores_.collections,
            .parser = *stores_.parser,
            .embedder = embedder_,
            .clock = clock,
            .files = config.data / "files",
            .ingest = ingest,
        })
    );
    answerer_ =
        std::make_unique<answers::AnswerPipeline>(*bases_, generator_, conversations_, clock);
    bases_->start();
    return Ok{};
}

Result<std::unique_ptr<KnowledgeServices>> KnowledgeServices::open(
    const Config& config, ModelServices& models, const Clock& clock
) {
    TRY_ASSIGN(Stores stores, open_stores(config));
    std::unique_ptr<KnowledgeServices> services(
        new KnowledgeServices(config, std::move(stores), models, clock)
    );
    TRY(services->open_bases(config, clock));
    return services;
}

}  // namespace moat::app
