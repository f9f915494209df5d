#include "inference/model_runtime.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "inference/answer_run.h"
#include "inference/media.h"
#include "inference/prepared_request.h"
#include "inference/request_checks.h"

namespace moat::inference {
namespace {

// Of one embedding request: what a runner answers must fit one frame, and cannot be shared out.
constexpr std::size_t kMostTexts = 16384;

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

void cut_and_normalise(std::vector<float>& vector, std::size_t dimensions) {
    if (dimensions == 0 || dimensions >= vector.size()) return;
    vector.resize(dimensions);
    double squares = 0;
    for (const float value : vector)
        squares += static_cast<double>(value) * value;
    if (squares == 0) return;
    const auto scale = static_cast<float>(1 / std::sqrt(squares));
    for (float& value : vector)
        value *= scale;
}

// As a person may see it.
Result<std::string> shown_prompt(Result<std::string> text, const PreparedRequest& prepared) {
    if (text) *text = with_shown_marks(std::move(*text), prepared.request.media_nonce);
    return text;
}

Status check_count(std::size_t texts) {
    if (texts <= kMostTexts) return Ok{};
    return wrong(fmt::format("too many inputs in one request: {}; at most {}", texts, kMostTexts));
}

// One number is a logit; of several, which the model has made probabilities, the first is "yes".
Result<RerankResult::Score> score_of(const std::vector<float>& head) {
    if (head.empty() || !std::isfinite(head.front()))
        return wrong("the model gave no score for a document");
    const float raw = head.front();
    return RerankResult::Score{raw, head.size() == 1 ? 1 / (1 + std::exp(-raw)) : raw};
}

}  // namespace

ModelRuntime::ModelRuntime(
    const models::ModelStore& store, Engine& engine, RuntimeSettings settings
)
    : store_(store), engine_(engine), settings_(std::move(settings)) {}

RequestPreparer ModelRuntime::preparer() const {
    return RequestPreparer(store_, engine_, settings_);
}

Result<GenerateResult> ModelRuntime::chat(
    const Principal& who, const ChatRequest& request, const EventSink& sink, std::stop_token stop
) {
    TRY_ASSIGN(const PreparedRequest prepared, preparer().chat(who, request, stop));
    auto result = run_answer(who, engine_, prepared, sink, std::move(stop));
    if (result) result->dropped_messages = prepared.dropped_messages;
    return result;
}

Result<GenerateResult> ModelRuntime::complete(
    const Principal& who,
    const CompletionRequest& request,
    const EventSink& sink,
    std::stop_token stop
) {
    TRY_ASSIGN(const PreparedRequest prepared, preparer().completion(who, request, stop));
    return run_answer(who, engine_, prepared, sink, std::move(stop));
}

Result<EmbedResult> ModelRuntime::embed(
    const Principal& who, const EmbeddingRequest& request, std::stop_token stop
) {
    TRY_ASSIGN(
        const PreparedRequest prepared, preparer().model(who, request.model, request.options)
    );
    if (!prepared.model.can("embedding")) return lacks(request.model, "embeddings");
    if (request.dimensions < 0) return wrong("dimensions must be positive");
    TRY(check_count(request.texts.size()));
    const EmbedRequest embed{
        .texts = request.texts, .truncate = request.truncate, .normalize = request.normalize
    };
    TRY_ASSIGN(
        EmbedResult result,
        engine_.embed(
            who, prepared.source, embed, keep_alive_or_default(request.keep_alive), std::move(stop)
        )
    );
    for (std::vector<float>& vector : result.vectors) {
        if (!std::ranges::all_of(vector, [](float value) { return std::isfinite(value); }))
            return wrong("embedding contains NaN or Inf values");
        cut_and_normalise(vector, static_cast<std::size_t>(request.dimensions));
    }
    return result;
}

Result<RerankResult> ModelRuntime::rerank(
    const Principal& who, const RerankRequest& request, std::stop_token stop
) {
    TRY_ASSIGN(
        const PreparedRequest prepared, preparer().model(who, request.model, request.options)
    );
    if (!prepared.model.can("rerank")) return lacks(request.model, "rerank");
    TRY(check_count(request.documents.size()));
    EmbedRequest pairs{
        .texts = request.documents, .truncate = request.truncate, .normalize = false
    };
    pairs.query = request.query;
    TRY_ASSIGN(
        const EmbedResult result,
        engine_.embed(
            who, prepared.source, pairs, keep_alive_or_default(request.keep_alive), std::move(stop)
        )
    );
    RerankResult out{
        .scores = {},
        .prompt_tokens = result.prompt_tokens,
        .load = result.load,
        .total = result.total
    };
    for (const std::vector<float>& head : result.vectors) {
        TRY_ASSIGN(const RerankResult::Score score, score_of(head));
        out.scores.push_back(score);
    }
    return out;
}

Result<std::vector<std::int32_t>> ModelRuntime::tokenize(
    const Principal& who, const TokenizeRequest& request, std::stop_token stop
) {
    TRY_ASSIGN(const PreparedRequest prepared, preparer().model(who, request.model, {}));
    const TokenizeText text{request.text, request.add_special, request.parse_special};
    return engine_.tokenize(who, prepared.source, text, std::move(stop));
}

Result<std::string> ModelRuntime::detokenize(
    const Principal& who,
    const std::string& model,
    const std::vector<std::int32_t>& tokens,
    std::stop_token stop
) {
    TRY_ASSIGN(const PreparedRequest prepared, preparer().model(who, model, {}));
    return engine_.detokenize(who, prepared.source, tokens, std::move(stop));
}

Result<int> ModelRuntime::count_tokens(
    const Principal& who, const ChatRequest& request, std::stop_token stop
) {
    TRY_ASSIGN(const PreparedRequest prepared, preparer().chat(who, request, stop));
    TRY_ASSIGN(const std::string text, preparer().text_of(who, prepared, stop));
    TRY_ASSIGN(const auto tokens, engine_.tokenize(who, prepared.source, {text}, std::move(stop)));
    const std::size_t images = count_marks(text, prepared.request.media_nonce);
    return static_cast<int>(tokens.size() + images * kImageTokens);
}

Result<std::string> ModelRuntime::render(
    const Principal& who, const ChatRequest& request, std::stop_token stop
) {
    TRY_ASSIGN(const PreparedRequest prepared, preparer().chat(who, request, stop));
    return shown_prompt(preparer().text_of(who, prepared, stop), prepared);
}

Result<std::string> ModelRuntime::render(
    const Principal& who, const CompletionRequest& request, std::stop_token stop
) {
    TRY_ASSIGN(const PreparedRequest prepared, preparer().completion(who, request, stop));
    return shown_prompt(preparer().text_of(who, prepared, stop), prepared);
}

Result<Duration> ModelRuntime::load(
    const Principal& who,
    const std::string& model,
    std::optional<KeepAlive> keep_alive,
    const json::Value& options,
    const LoadSink& progress,
    std::stop_token stop
) {
    TRY_ASSIGN(const PreparedRequest prepared, preparer().model(who, model, options));
    return engine_.load(
        who, prepared.source, keep_alive_or_default(keep_alive), progress, std::move(stop)
    );
}

Result<Fit> ModelRuntime::fit(
    const Principal& who, const std::string& model, const json::Value& options
) const {
    TRY_ASSIGN(const PreparedRequest prepared, preparer().model(who, model, options));
    return engine_.fit(who, prepared.source);
}

Status ModelRuntime::unload(const Principal& who, const std::string& model) {
    TRY_ASSIGN(const models::Model found, store_.find(who, model));
    return engine_.unload(who, found.digest);
}

std::vector<LoadedModel> ModelRuntime::loaded(const Principal& who) {
    return engine_.loaded(who);
}

}  // namespace moat::inference
