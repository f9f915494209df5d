#include "knowledge/ingest_queue.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace moat::knowledge {
namespace {

// After a failure to read the catalog itself.
constexpr std::chrono::seconds kCatalogRetry{1};

}  // namespace

IngestQueue::IngestQueue(
    Catalog& catalog,
    Ingestor& ingestor,
    Embedder& embedder,
    ProgressBoard& progress,
    const Clock& clock,
    IngestSettings settings
)
    : catalog_(catalog),
      ingestor_(ingestor),
      embedder_(embedder),
      progress_(progress),
      clock_(clock),
      settings_(settings) {}

IngestQueue::~IngestQueue() {
    stop();
}

void IngestQueue::start() {
    for (std::size_t i = 0; i < settings_.workers; ++i)
        threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    threads_.emplace_back([this](const std::stop_token& stop) { watch_models(stop); });
}

void IngestQueue::stop() {
    for (std::jthread& thread : threads_)
        thread.request_stop();
    threads_.clear();
}

void IngestQueue::wake() {
    // Taking the lock orders this after a worker's look at the catalog.
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
}

void IngestQueue::work(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const std::string document = next_job(stop);
        if (document.empty()) return;
        run(document, stop);
        progress_.clear(document);
        const std::lock_guard lock(mutex_);
        claimed_.erase(document);
        wake_.notify_all();
    }
}

std::string IngestQueue::next_job(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        // One more than can be claimed: the first unclaimed one is the next for everybody.
        const auto jobs = catalog_.jobs(settings_.workers + 1);
        if (!jobs) {
            log::error("ingest: {}", jobs.error().message);
            wake_.wait_for(lock, stop, kCatalogRetry, [] { return false; });
            continue;
        }
        const auto next = std::ranges::find_if(*jobs, [this](const Job& job) {
            return !claimed_.contains(job.document);
        });
        if (next == jobs->end()) {
            wake_.wait(lock, stop, [woken = false]() mutable {
                return std::exchange(woken, true);
            });
            continue;
        }
        const Time now = clock_.now();
        if (next->not_before <= now) {
            claimed_.insert(next->document);
            return next->document;
        }
        wake_.wait_for(lock, stop, next->not_before - now, [woken = false]() mutable {
            return std::exchange(woken, true);
        });
    }
    return {};
}

void IngestQueue::run(const std::string& document, const std::stop_token& stop) {
    const auto begun = catalog_.begin_job(document);
    if (!begun) {
        if (begun.error().code == ErrorCode::not_found) return;
        log::error("ingest: {}", begun.error().message);
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, kCatalogRetry, [] { return false; });
        return;
    }
    const bool last_attempt = begun->record.attempts >= settings_.max_attempts;
    const auto stage = [&](Stage at) { progress_.set(document, at); };
    // An attempt over the limit means that the process died in the last one each time.
    Status done = begun->record.attempts > settings_.max_attempts
                      ? Status(Error{
                            ErrorCode::too_large,
                            "the server stopped unexpectedly each time it read this file"
                        })
                      : ingestor_.run(*begun, last_attempt, stage, stop);
    if (!done) conclude(*begun, done.error());
}

void IngestQueue::conclude(const StoredDocument& document, const Error& error) {
    const std::string& id = document.record.id;
    const int attempts = document.record.attempts;
    Status written = Ok{};
    if (error.code == ErrorCode::cancelled) {
        written = catalog_.postpone_job(id, clock_.now(), true);
    } else if (may_pass(error.code) && attempts < settings_.max_attempts) {
        log::warning("ingest: document {} will be tried again: {}", id, error.message);
        auto pause = settings_.first_backoff;
        for (int i = 1; i < attempts; ++i)
            pause *= 5;
        written = catalog_.postpone_job(id, clock_.now() + pause, false);
    } else {
        log::warning("ingest: document {} failed: {}", id, error.message);
        const auto failed = catalog_.fail_job(id, document.revision, error.message);
        if (!failed) written = failed.error();
    }
    if (!written) log::error("ingest: {}", written.error().message);
}

void IngestQueue::watch_models(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (const Status queued = queue_embedding(); !queued)
            log::error("ingest: {}", queued.error().message);
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, settings_.model_check, [] { return false; });
    }
}

// Documents that came in before there was an embedding model get their vectors when there is one.
Status IngestQueue::queue_embedding() {
    TRY_ASSIGN(const std::vector<BaseRecord> bases, catalog_.bases());
    for (const BaseRecord& record : bases) {
        const KnowledgeBase& base = record.base;
        if (base.documents == 0 || embedding_requested_.contains(base.id)) continue;
        std::string model = base.embedding_model;
        if (model.empty()) model = embedder_.default_model().value_or("");
        if (model.empty() || !embedder_.installed(model)) continue;
        TRY_ASSIGN(const std::int64_t count, catalog_.queue_embedding(base.id, model));
        if (count == 0) continue;
        log::info("ingest: {} documents get vectors of {}", count, model);
        // Once is enough: what fails now would only fail again every time.
        embedding_requested_.insert(base.id);
        wake();
    }
    return Ok{};
}

}  // namespace moat::knowledge
