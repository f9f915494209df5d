#include "inference/answer_run.h"

#include "inference/answer_parser.h"

namespace moat::inference {

Result<GenerateResult> run_answer(
    const Principal& who,
    Engine& engine,
    const PreparedRequest& prepared,
    const EventSink& sink,
    std::stop_token stop
) {
    AnswerParser parser = prepared.parser();
    bool called = false;
    // What this answer may still call, each call with an id.
    const auto settle = [&](std::vector<models::ToolCall>& calls) {
        if (!prepared.parallel_tool_calls && !calls.empty()) calls.resize(called ? 0 : 1);
        called = called || !calls.empty();
        for (models::ToolCall& call : calls)
            if (call.id.empty()) call.id = new_call_id();
    };
    const auto forward = [&](const GenerateEvent& event) {
        if (event.loading) return sink(event);
        GenerateEvent parsed = parser.push(event);
        parsed.tool_calls.insert(
            parsed.tool_calls.begin(), event.tool_calls.begin(), event.tool_calls.end()
        );
        settle(parsed.tool_calls);
        if (!event.thinking.empty()) parsed.thinking.insert(0, event.thinking);
        const bool empty = parsed.content.empty() && parsed.thinking.empty() &&
                           parsed.tool_calls.empty() && parsed.logprobs.empty();
        return empty || sink(parsed);
    };
    auto result = engine.generate(
        who, prepared.source, prepared.request, prepared.keep_alive, forward, std::move(stop)
    );
    if (!result) return result;
    GenerateEvent rest = parser.finish();
    settle(rest.tool_calls);
    const bool has_news =
        !rest.content.empty() || !rest.thinking.empty() || !rest.tool_calls.empty();
    if (has_news)
        if (!sink(rest)) return Error{ErrorCode::cancelled, "the client went away"};
    return result;
}

}  // namespace moat::inference
