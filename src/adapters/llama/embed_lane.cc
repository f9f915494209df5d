#include "adapters/llama/embed_lane.h"

#include "base/check.h"

namespace moat::adapters::llama {
namespace {

llama_context_params parameters_of(int batch_tokens) {
    llama_context_params out = llama_context_default_params();
    out.n_ctx = static_cast<std::uint32_t>(batch_tokens);
    out.n_batch = static_cast<std::uint32_t>(batch_tokens);
    out.n_ubatch = static_cast<std::uint32_t>(batch_tokens);  // an encoder needs its texts whole
    out.n_seq_max = kMaxTextsInBatch;
    out.embeddings = true;
    out.kv_unified = true;
    return out;
}

}  // namespace

Result<std::unique_ptr<EmbedLane>> EmbedLane::make(const Model& model, const LaneLimits& limits) {
    llama_context_params parameters = parameters_of(limits.batch_tokens);
    TRY_ASSIGN(ContextPtr context, model.make_context(parameters, limits.threads));
    const auto pooling = llama_pooling_type(context.get());
    if (pooling == LLAMA_POOLING_TYPE_RANK) {
        return Error{ErrorCode::unsupported, "this model ranks texts and has no embeddings"};
    }
    if (pooling == LLAMA_POOLING_TYPE_NONE) {
        // A model made for text: its last token has seen the whole of it.
        context.reset();
        parameters.pooling_type = LLAMA_POOLING_TYPE_LAST;
        TRY_ASSIGN(context, model.make_context(parameters, limits.threads));
    }
    return std::unique_ptr<EmbedLane>(new EmbedLane(model, limits.batch_tokens, std::move(context))
    );
}

EmbedLane::EmbedLane(const Model& model, int batch_tokens, ContextPtr context)
    : model_(model), context_(std::move(context)), batch_(llama_batch_init(batch_tokens, 0, 1)) {
    batch_.n_tokens = 0;
}

EmbedLane::~EmbedLane() {
    llama_batch_free(batch_);
}

void EmbedLane::clear() {
    batch_.n_tokens = 0;
    texts_ = 0;
}

void EmbedLane::add(std::span<const llama_token> text) {
    CHECK(texts_ < kMaxTextsInBatch);
    const auto after = static_cast<std::size_t>(batch_.n_tokens) + text.size();
    CHECK(after <= llama_n_batch(context_.get()));
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int at = batch_.n_tokens++;
        batch_.token[at] = text[i];
        batch_.pos[at] = static_cast<llama_pos>(i);
        batch_.n_seq_id[at] = 1;
        batch_.seq_id[at][0] = texts_;
        batch_.logits[at] = 1;
    }
    ++texts_;
}

Status EmbedLane::compute() {
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

std::span<const float> EmbedLane::vector(int index) const {
    const float* values = llama_get_embeddings_seq(context_.get(), index);
    if (values == nullptr) return {};
    return {values, static_cast<std::size_t>(llama_model_n_embd_out(model_.get()))};
}

}  // namespace moat::adapters::llama
