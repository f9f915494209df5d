#include "adapters/llama/embed_job.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "adapters/llama/pair_tokens.h"

namespace moat::adapters::llama {
namespace {

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
    const double scale = 1 / std::sqrt(sum);
    for (float& value : values)
        value = static_cast<float>(value * scale);
}

// A text of no tokens still has a vector: that of the token which begins or ends any text.
llama_token stand_in(const llama_vocab* vocabulary) {
    const llama_token bos = llama_vocab_bos(vocabulary);
    return bos != LLAMA_TOKEN_NULL ? bos : std::max(llama_vocab_eos(vocabulary), 0);
}

Status check_kind(bool wants_ranks, bool ranks) {
    if (wants_ranks == ranks) return Ok{};
    return Error{
        ErrorCode::unsupported,
        ranks ? "this model ranks texts and has no embeddings"
              : "this model has embeddings and does not rank texts"
    };
}

}  // namespace

Result<std::unique_ptr<EmbedJob>> EmbedJob::prepare(
    const inference::EmbedCommand& command, const Model& model, Limits limits, CancelFlag cancelled
) {
    const auto& query = command.request.query;
    TRY(check_kind(query.has_value(), limits.ranks));
    std::unique_ptr<EmbedJob> job(new EmbedJob(command, std::move(cancelled)));
    std::optional<PairTokens> pairs;
    if (query) pairs.emplace(model, *query);
    const auto most = static_cast<std::size_t>(limits.tokens);
    for (const auto& text : command.request.texts) {
        // Too long a pair that must not be cut is seen below.
        const std::size_t room = command.request.truncate ? most : SIZE_MAX;
        Tokens tokens = pairs ? pairs->with(text, room) : model.tokenize(text, true, false);
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
        return Error{ErrorCode::invalid_argument, "embedding contains NaN or Inf values"};
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

}  // namespace moat::adapters::llama
