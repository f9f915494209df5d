#include "adapters/llama/embed_lane.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/check.h"

namespace moat::adapters::llama {
namespace {

constexpr int kPieceTokens = 512;

// What the file says; a model made for text says nothing.
int pooling_in_file(const Model& model) {
    char text[64] = {};
    if (llama_model_meta_val_str(model.get(), "general.architecture", text, sizeof text) < 0) {
        return LLAMA_POOLING_TYPE_NONE;
    }
    const std::string key = std::string(text) + ".pooling_type";
    if (llama_model_meta_val_str(model.get(), key.c_str(), text, sizeof text) < 0) {
        return LLAMA_POOLING_TYPE_NONE;
    }
    return std::atoi(text);
}

llama_context_params parameters_of(const Model& model, int batch_tokens) {
    llama_context_params out = llama_context_default_params();
    out.n_ctx = static_cast<std::uint32_t>(batch_tokens);
    out.n_batch = static_cast<std::uint32_t>(batch_tokens);
    out.n_ubatch = out.n_batch;  // an encoder needs its texts whole
    const int pooling = pooling_in_file(model);
    if (pooling == LLAMA_POOLING_TYPE_NONE) {
        out.pooling_type = LLAMA_POOLING_TYPE_LAST;  // the last token has seen the whole text
    }
    if (pooling == LLAMA_POOLING_TYPE_NONE || pooling == LLAMA_POOLING_TYPE_LAST) {
        // Such models read in one direction, so that pieces do, with smaller buffers.
        out.n_ubatch = static_cast<std::uint32_t>(std::min(batch_tokens, kPieceTokens));
    }
    out.n_seq_max = kMaxTextsInBatch;
    out.embeddings = true;
    out.kv_unified = true;
    return out;
}

}  // namespace

Result<std::unique_ptr<EmbedLane>> EmbedLane::make(const Model& model, const LaneLimits& limits) {
    const llama_context_params parameters = parameters_of(model, limits.batch_tokens);
    TRY_ASSIGN(ContextPtr context, model.make_context(parameters, limits.threads));
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

bool EmbedLane::ranks() const {
    return llama_pooling_type(context_.get()) == LLAMA_POOLING_TYPE_RANK;
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
    const auto width = ranks() ? llama_model_n_cls_out(model_.get())
                               : static_cast<std::uint32_t>(llama_model_n_embd_out(model_.get()));
    return {values, width};
}

}  // namespace moat::adapters::llama
