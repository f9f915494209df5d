#include "inference/answer_run.h"

#include "inference/answer_parser.h"

namespace moat::inference {
namespace {

// The prompt of the second run is that of the first and what was said.
void add_first_run(GenerateResult& result, const GenerateResult& first) {
    result.prompt_tokens = first.prompt_tokens;
    result.generated_tokens += first.generated_tokens;
    result.load += first.load;
    result.prompt += first.prompt;
    result.generate += first.generate;
    result.total += first.total;
}

Result<GenerateResult> run(
    const Principal& who,
    Engine& engine,
    const PreparedRequest& prepared,
    const EventSink& sink,
    std::stop_token stop
) {
    AnswerParser parser = prepared.parser();
    const auto forward = [&](const GenerateEvent& event) {
        GenerateEvent parsed = parser.push(event);
        parsed.tool_calls.insert(
            parsed.tool_calls.begin(), event.tool_calls.begin(), event.tool_calls.end()
        );
        for (models::ToolCall& call : parsed.tool_calls)
            if (call.id.empty()) call.id = new_call_id();
        if (!event.thinking.empty()) parsed.thinking.insert(0, event.thinking);
        const bool empty = parsed.content.empty() && parsed.thinking.empty() &&
                           parsed.tool_calls.empty() && parsed.logprobs.empty();
        return empty || sink(parsed);
    };
    auto result = engine.generate(
        who, prepared.source, prepared.request, prepared.keep_alive, forward, std::move(stop)
    );
    if (!result) return result;
    const GenerateEvent rest = parser.finish();
    if (!rest.content.empty() || !rest.thinking.empty())
        if (!sink(rest)) return Error{ErrorCode::cancelled, "the client went away"};
    return result;
}

// A grammar would forbid the thought itself: the model thinks freely first, and goes on under the
// grammar once the closing mark is there.
Result<GenerateResult> run_formatted_after_thinking(
    const Principal& who,
    Engine& engine,
    PreparedRequest prepared,
    const EventSink& sink,
    std::stop_token stop
) {
    const models::ThinkingMarks marks = *prepared.go_template->thinking_marks();
    const std::string prompt = *prepared.text();
    GenerateRequest free = prepared.request;
    free.json_schema.clear();
    free.stop.push_back(marks.close);

    ThinkingSplitter splitter(marks, prepared.prompt_opens_thinking());
    std::string said;
    bool answers_at_once = false;
    const auto think = [&](const GenerateEvent& event) {
        said += event.content;
        const auto piece = splitter.push(event.content);
        answers_at_once = !piece.content.empty();
        if (answers_at_once) return false;
        return piece.thinking.empty() ||
               sink({.content = {}, .thinking = piece.thinking, .tool_calls = {}, .logprobs = {}});
    };
    // Of zero, the first run's end would unload the model that the second needs.
    const bool unloads = prepared.keep_alive == KeepAlive::zero();
    const KeepAlive meanwhile = unloads ? std::chrono::minutes(1) : prepared.keep_alive;
    auto thought = engine.generate(who, prepared.source, free, meanwhile, think, stop);
    const bool thought_ended = thought && thought->stop_string == marks.close;
    if (!thought_ended && !answers_at_once) {
        // Its own errors would hide what happened here.
        if (unloads) (void)engine.unload(who, prepared.source.key);
        return thought;
    }

    prepared.think = std::nullopt;  // what follows is content
    if (answers_at_once) return run(who, engine, prepared, sink, std::move(stop));
    prepared.request.prompt = prompt + said + marks.close + "\n\n";
    auto answer = run(who, engine, prepared, sink, std::move(stop));
    if (!answer) return answer;
    add_first_run(*answer, *thought);
    return answer;
}

}  // namespace

Result<GenerateResult> run_answer(
    const Principal& who,
    Engine& engine,
    PreparedRequest prepared,
    const EventSink& sink,
    std::stop_token stop
) {
    const bool two_runs = prepared.go_template && prepared.text() &&
                          prepared.think.value_or(false) && !prepared.request.json_schema.empty() &&
                          prepared.go_template->thinking_marks();
    if (two_runs)
        return run_formatted_after_thinking(
            who, engine, std::move(prepared), sink, std::move(stop)
        );
    return run(who, engine, prepared, sink, std::move(stop));
}

}  // namespace moat::inference
