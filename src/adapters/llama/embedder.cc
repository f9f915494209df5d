#include "adapters/llama/embedder.h"

#include <algorithm>
#include <thread>

#include "base/log.h"

namespace moat::adapters::llama {
namespace {

// Attention costs the square of a batch, whoever its tokens belong to, and everything else is no
// cheaper in larger batches than these (bench/llama_reference.cc, one thread: 256 and 512 tokens
// alike, 1024 a fifth slower).
constexpr int kPackTokens = 256;
constexpr int kMaxLanes = 16;           // each has buffers of its own ...
constexpr int kMaxNarrowTokens = 2048;  // ... as large as its longest text needs
// Weights x tokens of a batch that take one core so long that splitting it over all is worth it.
constexpr double kWorthSplitting = 4e9;

// Tokens of one text a model takes: what it was trained on, or `wanted` if less.
int embedding_limit(const Model& model, int wanted) {
    const int trained = model.trained_context();
    if (trained <= 0) return std::max(wanted, 1);
    return std::max(1, std::min(wanted, trained));
}

}  // namespace

Result<std::unique_ptr<Embedder>> Embedder::make(
    const Model& model, int context_length, ReplySink reply
) {
    const int limit = embedding_limit(model, context_length);
    std::unique_ptr<Embedder> made(new Embedder(model, limit, std::move(reply)));
    const int batch = std::max(limit, kPackTokens);
    // On a GPU one context keeps it busy; several would only multiply the buffers.
    const bool only_wide = model.uses_gpu() || model.threads() == 1 || batch > kMaxNarrowTokens;
    TRY_ASSIGN(made->wide_, EmbedLane::make(model, {batch, model.threads()}));
    const int lanes = only_wide ? 0 : std::min(model.threads(), kMaxLanes);
    for (int i = 0; i < lanes; ++i) {
        TRY_ASSIGN(auto lane, EmbedLane::make(model, {batch, 1}));
        made->narrow_.push_back(std::move(lane));
    }
    return made;
}

void Embedder::step() {
    drop_finished();
    std::vector<Load> loads = fill_lanes();
    compute(loads);
    over_.clear();
    for (const Load& load : loads)
        take_results(load);
    std::erase_if(jobs_, [this](const auto& job) {
        return std::ranges::find(over_, job.get()) != over_.end();
    });
}

// Those whose client has gone, and those that asked for no texts.
void Embedder::drop_finished() {
    std::erase_if(jobs_, [this](const auto& job) {
        const bool gone = job->is_cancelled();  // asked once: it may become so meanwhile
        if (gone) {
            job->fail({ErrorCode::cancelled, "the request was cancelled"}, reply_);
        } else if (job->is_done()) {
            job->finish(reply_);
        }
        return gone || job->is_done();
    });
}

std::vector<Embedder::Load> Embedder::fill_lanes() {
    std::vector<EmbedLane*> lanes;
    for (const auto& lane : narrow_)
        lanes.push_back(lane.get());
    if (lanes.empty()) lanes.push_back(wide_.get());
    std::vector<Load> loads;
    for (EmbedLane* lane : lanes) {
        Load load{lane, {}};
        fill(load);
        if (load.entries.empty()) break;
        loads.push_back(std::move(load));
    }
    if (loads.size() == 1 && !narrow_.empty()) move_to_wide_lane(loads.front());
    // The next step begins with another job.
    if (jobs_.size() > 1) std::rotate(jobs_.begin(), jobs_.begin() + 1, jobs_.end());
    return loads;
}

// One text of each job in turn, until nothing more fits.
void Embedder::fill(Load& load) {
    load.lane->clear();
    bool grows = true;
    while (grows) {
        grows = false;
        for (const auto& job : jobs_)
            grows = add_from(*job, load) || grows;
    }
}

bool Embedder::add_from(EmbedJob& job, Load& load) {
    if (!job.has_next() || load.lane->texts() >= kMaxTextsInBatch) return false;
    const Tokens& tokens = job.next();
    const int after = load.lane->tokens() + static_cast<int>(tokens.size());
    if (load.lane->texts() > 0 && after > kPackTokens) return false;
    load.lane->add(tokens);
    load.entries.push_back({&job, job.take_next()});
    return true;
}

void Embedder::move_to_wide_lane(Load& load) {
    const auto weights = static_cast<double>(llama_model_n_params(model_.get()));
    if (weights * load.lane->tokens() < kWorthSplitting) return;
    wide_->clear();
    for (const Entry& entry : load.entries)
        wide_->add(entry.job->text(entry.text));
    load.lane = wide_.get();
}

void Embedder::compute(std::vector<Load>& loads) {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < loads.size(); ++i) {
        threads.emplace_back([&load = loads[i]] { load.computed = load.lane->compute(); });
    }
    if (!loads.empty()) loads.front().computed = loads.front().lane->compute();
}

void Embedder::take_results(const Load& load) {
    if (!load.computed) log::error("{}", load.computed.error().message);
    for (std::size_t i = 0; i < load.entries.size(); ++i) {
        EmbedJob& job = *load.entries[i].job;
        if (std::ranges::find(over_, &job) != over_.end()) continue;
        Status set = load.computed;
        if (set) {
            set = job.set_vector(load.entries[i].text, load.lane->vector(static_cast<int>(i)));
        }
        if (!set) job.fail(set.error(), reply_);
        if (set && job.is_done()) job.finish(reply_);
        if (!set || job.is_done()) over_.push_back(&job);
    }
}

}  // namespace moat::adapters::llama
