#include "adapters/llama/embedder.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"

namespace moat::adapters::llama {
namespace {

// Attention costs the square of a batch, whoever its tokens belong to, while everything else is
// cheaper in larger batches; bench/inference_bench measures where they meet.
constexpr int kPackTokens = 512;
constexpr int kMaxTexts = 64;  // in one batch

Error not_a_number() {
    return Error{ErrorCode::invalid_argument, "embedding contains NaN or Inf values"};
}

// Cuts a text and keeps the end token the vocabulary puts behind every text.
void truncate(Tokens& tokens, std::size_t limit, const llama_vocab* vocabulary) {
    const llama_token last = tokens.back();
    tokens.resize(limit);
    if (llama_vocab_get_add_eos(vocabulary) || llama_vocab_get_add_sep(vocabulary)) {
        tokens.back() = last;
    }
}

void normalize(std::vector<float>& values) {
    double sum = 0;
    for (const float value : values)
        sum += static_cast<double>(value) * value;
    if (sum == 0) return;
    const auto scale = static_cast<float>(1 / std::sqrt(sum));
    for (float& value : values)
        value *= scale;
}

// A text of no tokens still has a vector: that of the token which begins or ends any text.
llama_token stand_in(const llama_vocab* vocabulary) {
    const llama_token bos = llama_vocab_bos(vocabulary);
    return bos != LLAMA_TOKEN_NULL ? bos : std::max(llama_vocab_eos(vocabulary), 0);
}

llama_context_params parameters_of(int batch) {
    llama_context_params out = llama_context_default_params();
    out.n_ctx = static_cast<std::uint32_t>(batch);
    out.n_batch = static_cast<std::uint32_t>(batch);
    out.n_ubatch = static_cast<std::uint32_t>(batch);  // an encoder needs its texts whole
    out.n_seq_max = kMaxTexts;
    out.embeddings = true;
    out.kv_unified = true;
    return out;
}

}  // namespace

int embedding_limit(const Model& model, int wanted) {
    const int trained = model.trained_context();
    if (trained <= 0) return std::max(wanted, 1);
    return std::max(1, std::min(wanted, trained));
}

Result<std::unique_ptr<EmbedJob>> EmbedJob::prepare(
    const inference::EmbedCommand& command, const Model& model, int limit, CancelFlag cancelled
) {
    std::unique_ptr<EmbedJob> job(new EmbedJob(command, std::move(cancelled)));
    const auto most = static_cast<std::size_t>(limit);
    for (const auto& text : command.request.texts) {
        Tokens tokens = model.tokenize(text, true, false);
        if (tokens.empty()) tokens.push_back(stand_in(model.vocabulary()));
        if (tokens.size() > most && !command.request.truncate) {
            return Error{
                ErrorCode::invalid_argument, "the input length exceeds the context length"
            };
        }
        if (tokens.size() > most) truncate(tokens, most, model.vocabulary());
        job->result_.prompt_tokens += static_cast<int>(tokens.size());
        job->texts_.push_back(std::move(tokens));
    }
    job->result_.vectors.resize(job->texts_.size());
    return job;
}

Status EmbedJob::set_vector(std::size_t index, std::span<const float> values) {
    if (values.empty()) return Error{ErrorCode::internal, "the model gave no vector for a text"};
    std::vector<float>& vector = result_.vectors[index];
    vector.assign(values.begin(), values.end());
    if (!std::ranges::all_of(vector, [](float value) { return std::isfinite(value); })) {
        return not_a_number();
    }
    if (normalize_) normalize(vector);
    ++done_;
    return Ok{};
}

void EmbedJob::finish(const ReplySink& reply) {
    reply(inference::EmbeddedReply{id_, std::move(result_)});
}

void EmbedJob::fail(Error error, const ReplySink& reply) const {
    reply(inference::ErrorReply{id_, std::move(error)});
}

Result<std::unique_ptr<Embedder>> Embedder::make(
    const Model& model, int context_length, ReplySink reply
) {
    const int limit = embedding_limit(model, context_length);
    const int batch = std::max(limit, kPackTokens);
    llama_context_params parameters = parameters_of(batch);
    TRY_ASSIGN(ContextPtr context, model.make_context(parameters));
    const auto pooling = llama_pooling_type(context.get());
    if (pooling == LLAMA_POOLING_TYPE_RANK) {
        return Error{ErrorCode::unsupported, "this model ranks texts and has no embeddings"};
    }
    if (pooling == LLAMA_POOLING_TYPE_NONE) {
        // A model made for text: its last token has seen the whole of it.
        context.reset();
        parameters.pooling_type = LLAMA_POOLING_TYPE_LAST;
        TRY_ASSIGN(context, model.make_context(parameters));
    }
    return std::unique_ptr<Embedder>(
        new Embedder(model, limit, kPackTokens, std::move(context), std::move(reply))
    );
}

Embedder::Embedder(const Model& model, int limit, int pack, ContextPtr context, ReplySink reply)
    : model_(model),
      limit_(limit),
      pack_(pack),
      context_(std::move(context)),
      reply_(std::move(reply)),
      batch_(llama_batch_init(std::max(limit, pack), 0, 1)) {}

Embedder::~Embedder() {
    llama_batch_free(batch_);
}

void Embedder::step() {
    drop_cancelled();
    fill_batch();
    if (entries_.empty()) return;
    const Status computed = compute();
    if (computed) {
        take_results();
        return;
    }
    log::error("{}", computed.error().message);
    // Whoever had a text in it cannot be answered; the others go on.
    std::erase_if(jobs_, [&](const auto& job) {
        const bool hit = std::ranges::any_of(entries_, [&](const Entry& entry) {
            return entry.job == job.get();
        });
        if (hit) job->fail(computed.error(), reply_);
        return hit;
    });
}

void Embedder::drop_cancelled() {
    std::erase_if(jobs_, [this](const auto& job) {
        if (job->is_cancelled()) {
            job->fail({ErrorCode::cancelled, "the request was cancelled"}, reply_);
        } else if (job->is_done()) {
            job->finish(reply_);  // it had no texts
        }
        return job->is_cancelled() || job->is_done();
    });
}

// One text of each job in turn, until nothing more fits.
void Embedder::fill_batch() {
    batch_.n_tokens = 0;
    entries_.clear();
    bool grows = true;
    while (grows) {
        grows = false;
        for (const auto& job : jobs_)
            grows = add_from(*job) || grows;
    }
    // The next batch begins with another job.
    if (jobs_.size() > 1) std::rotate(jobs_.begin(), jobs_.begin() + 1, jobs_.end());
}

bool Embedder::add_from(EmbedJob& job) {
    if (!job.has_next() || entries_.size() >= kMaxTexts) return false;
    const Tokens& tokens = job.next();
    const int count = static_cast<int>(tokens.size());
    if (!entries_.empty() && batch_.n_tokens + count > pack_) return false;
    const auto sequence = static_cast<llama_seq_id>(entries_.size());
    for (int i = 0; i < count; ++i) {
        const int at = batch_.n_tokens++;
        batch_.token[at] = tokens[static_cast<std::size_t>(i)];
        batch_.pos[at] = i;
        batch_.n_seq_id[at] = 1;
        batch_.seq_id[at][0] = sequence;
        batch_.logits[at] = 1;
    }
    entries_.push_back({&job, job.take_next()});
    return true;
}

Status Embedder::compute() {
    llama_context* context = context_.get();
    const llama_memory_t memory = llama_get_memory(context);
    int code = 0;
    if (memory == nullptr) {
        code = llama_encode(context, batch_);
    } else {
        llama_memory_clear(memory, false);
        code = llama_decode(context, batch_);
    }
    if (code == 0) return Ok{};
    return Error{
        ErrorCode::internal,
        "the model could not compute a batch of texts (code " + std::to_string(code) + ")"
    };
}

std::span<const float> Embedder::vector_of(std::size_t entry) const {
    const float* values =
        llama_get_embeddings_seq(context_.get(), static_cast<llama_seq_id>(entry));
    if (values == nullptr) return {};
    return {values, static_cast<std::size_t>(llama_model_n_embd_out(model_.get()))};
}

void Embedder::take_results() {
    std::vector<EmbedJob*> over;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        EmbedJob& job = *entries_[i].job;
        if (std::ranges::find(over, &job) != over.end()) continue;
        const Status set = job.set_vector(entries_[i].text, vector_of(i));
        if (!set) job.fail(set.error(), reply_);
        if (set && job.is_done()) job.finish(reply_);
        if (!set || job.is_done()) over.push_back(&job);
    }
    std::erase_if(jobs_, [&](const auto& job) {
        return std::ranges::find(over, job.get()) != over.end();
    });
}

}  // namespace moat::adapters::llama
