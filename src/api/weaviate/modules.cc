#include "api/weaviate/modules.h"

#include <algorithm>

namespace moat::api::weaviate {
namespace {

constexpr int kMaxWrittenTokens = 1024;  // of one text

}  // namespace

Result<std::vector<float>> ModelModules::rerank(
    const Principal& who,
    const std::string& query,
    const std::vector<std::string>& documents,
    std::stop_token stop
) {
    TRY_ASSIGN(const auto models, store_.list(who));
    const auto found = std::ranges::find_if(models, [](const models::Model& model) {
        return model.alias_of.empty() && model.can("rerank");
    });
    if (found == models.end())
        return Error{
            ErrorCode::not_found,
            "rerank needs a model that ranks, and none is installed: install one with moat pull or "
            "moat create"
        };
    inference::RerankRequest request;
    request.model = found->name.display();
    request.query = query;
    request.documents = documents;
    TRY_ASSIGN(const auto ranked, runtime_.rerank(who, request, std::move(stop)));
    std::vector<float> out;
    for (const inference::RerankResult::Score& score : ranked.scores)
        out.push_back(score.relevance);
    return out;
}

Result<std::string> ModelModules::write(
    const Principal& who, const std::string& prompt, std::stop_token stop
) {
    const auto model = generator_.default_model(who);
    if (!model)
        return Error{
            ErrorCode::not_found,
            "generate needs a chat model, and none is installed: install one with moat pull or "
            "moat create"
        };
    std::string text;
    const inference::EventSink sink = [&text](const inference::GenerateEvent& event) {
        text += event.content;
        return true;
    };
    const std::vector<models::ChatMessage> messages{{.role = "user", .content = prompt}};
    // A model that finds no end must not hold the query for ever.
    const json::Object options{{"num_predict", kMaxWrittenTokens}};
    TRY(generator_.generate(who, *model, messages, options, false, sink, std::move(stop)));
    return text;
}

}  // namespace moat::api::weaviate
