#include "inference/prepared_request.h"

#include "base/ids.h"
#include "inference/forced_calls.h"
#include "inference/request_checks.h"

namespace moat::inference {
namespace {

using models::ChatMessage;
using models::Model;
using models::PromptTemplate;

constexpr std::size_t kNonceBytes = 8;

// The model's own system text and example messages stand before those of the request.
std::vector<ChatMessage> with_model_messages(
    const Model& model, const std::vector<ChatMessage>& given
) {
    std::vector<ChatMessage> out;
    if (!model.system.empty() && (given.empty() || given.front().role != "system"))
        out.push_back({.role = "system", .content = model.system});
    out.insert(out.end(), model.messages.begin(), model.messages.end());
    out.insert(out.end(), given.begin(), given.end());
    return out;
}

// A completion is a conversation of one question.
std::vector<ChatMessage> completion_messages(const Model& model, const CompletionRequest& request) {
    std::vector<ChatMessage> out;
    const std::string system = request.system.value_or(model.system);
    if (!system.empty()) out.push_back({.role = "system", .content = system});
    if (request.context.empty())
        out.insert(out.end(), model.messages.begin(), model.messages.end());
    out.push_back({.role = "user", .content = request.prompt, .images = request.images});
    return out;
}

// `given`: the template of the request itself.
Result<std::string> infill_prompt(
    const Model& model,
    const std::optional<PromptTemplate>& given,
    const CompletionRequest& request,
    Time now
) {
    const PromptTemplate* own = model.parsed_template ? &*model.parsed_template : nullptr;
    const PromptTemplate* infill = given ? &*given : own;
    if (!infill) return Error{ErrorCode::unsupported, request.model + " does not support insert"};
    return infill->render_infill(request.prompt, request.suffix, now);
}

// What a model without any template is prompted with.
const PromptTemplate& bare_template() {
    static const PromptTemplate kBare = *PromptTemplate::parse("{{ .Prompt }}");
    return kBare;
}

bool ends_with_mark(std::string_view prompt, std::string_view mark) {
    const auto last = prompt.find_last_not_of(" \t\r\n");
    return last != std::string_view::npos && prompt.substr(0, last + 1).ends_with(mark);
}

}  // namespace

PromptRules PreparedRequest::rules(Time now) const {
    return PromptRules{
        .model = model,
        .go_template = go_template ? &*go_template : nullptr,
        .tools = tools,
        .think = think,
        .think_level = think_level,
        .tool_choice = tool_choice,
        .parallel_tool_calls = parallel_tool_calls,
        .now = now
    };
}

bool PreparedRequest::prompt_opens_thinking() const {
    const auto marks = go_template ? go_template->thinking_marks() : std::nullopt;
    return marks && text() && ends_with_mark(*text(), marks->open);
}

AnswerParser PreparedRequest::parser() const {
    std::optional<ThinkingSplitter> thinking;
    std::optional<ToolCallScanner> scanner;
    if (go_template && think.value_or(false))
        if (const auto marks = go_template->thinking_marks())
            thinking.emplace(*marks, prompt_opens_thinking());
    if (go_template && has_tools(tools) && tool_choice != "none")
        scanner.emplace(go_template->tool_call_mark(), tools);
    return AnswerParser(std::move(thinking), std::move(scanner));
}

Result<PreparedRequest> RequestPreparer::model(
    const Principal& who, const std::string& name, const json::Value& options
) const {
    TRY_ASSIGN(Model model, store_.find(who, name));
    TRY_ASSIGN(ModelOptions joined, join_options(model, options, settings_.context_length));
    TRY(models::check_links(model.links));
    ModelSource source{
        .key = model.digest,
        .name = model.name.display(),
        .gguf = model.gguf,
        .shards = model.shards,
        .adapters = model.adapters,
        .projector = model.projector,
        .draft = model.draft,
        .embedding = model.can("embedding") || model.can("rerank"),
        .load = joined.load
    };
    source.load.flash_attention = settings_.flash_attention;
    source.load.cache_type = settings_.cache_type;
    PreparedRequest out{
        .model = std::move(model), .options = std::move(joined), .source = std::move(source)
    };
    out.request.sampling = out.options.sampling;
    out.request.stop = out.options.stop;
    out.request.num_predict = out.options.num_predict;
    out.request.num_keep = out.options.num_keep;
    out.request.grammar = out.options.grammar;
    out.request.draft_num_predict = out.options.draft_num_predict;
    out.request.lookup_num_predict = out.options.lookup_num_predict;
    out.request.cache_domain = who.id;
    return out;
}

// What both kinds of request say alike.
template <class Request>
Status RequestPreparer::take_common(PreparedRequest& out, const Request& request) const {
    TRY_ASSIGN(out.think, settle_thinking(out.model, request.model, request.think));
    TRY_ASSIGN(out.request.json_schema, schema_of(request.format));
    out.think_level = request.think_level;
    out.request.top_logprobs = request.top_logprobs;
    out.request.shift = request.shift;
    out.request.tell_loading = request.tell_loading;
    out.keep_alive = request.keep_alive.value_or(settings_.keep_alive);
    return check_grammar(out.request);
}

Status RequestPreparer::take_media(PreparedRequest& prepared) const {
    prepared.request.media_nonce = random_hex(kNonceBytes);
    prepared.request.media = inference::take_media(prepared.messages, prepared.request.media_nonce);
    return check_media(prepared.model, prepared.request.media);
}

// Whoever reads the answer of a Go template needs its marks; a grammar begins after the thought.
void RequestPreparer::bind_answer(PreparedRequest& out) const {
    if (!out.go_template) return;
    const bool calls_tools = has_tools(out.tools) && out.tool_choice != "none";
    const auto marks = out.go_template->thinking_marks();
    if (marks && out.think.value_or(false)) {
        out.request.shown_tokens = {marks->open, marks->close};
        out.request.thought = ThoughtMarks{
            .open = marks->open, .close = marks->close, .begun = out.prompt_opens_thinking()
        };
    }
    if (!calls_tools) return;
    out.request.shown_tokens.push_back(out.go_template->tool_call_mark());
    if (out.tool_choice != "required") return;
    out.request.calls = forced_calls(*out.go_template, out.tools, settings_.now());
    out.request.calls->several = out.parallel_tool_calls;
}

Result<PreparedRequest> RequestPreparer::chat(
    const Principal& who, const ChatRequest& request, const std::stop_token& stop
) const {
    TRY_ASSIGN(PreparedRequest out, model(who, request.model, request.options));
    TRY(check_chat(out.model, request));
    TRY(take_common(out, request));
    out.tool_choice = request.tool_choice;
    out.parallel_tool_calls = request.parallel_tool_calls;
    out.tools = has_tools(request.tools) ? request.tools : json::Value();
    out.messages = with_model_messages(out.model, request.messages);
    out.public_messages = out.messages.size() - request.messages.size() + request.public_messages;

    TRY(take_media(out));

    const PromptNeeds needs{
        .tools = has_tools(request.tools), .thinking = out.think.value_or(false)
    };
    const PromptTemplate* chosen = choose_template(out.model, nullptr, needs);
    if (!chosen && out.model.chat_template.empty()) chosen = &bare_template();
    if (chosen) out.go_template = *chosen;
    TRY(fit(who, out, request.truncate, stop));
    bind_answer(out);
    return out;
}

Result<PreparedRequest> RequestPreparer::completion(
    const Principal& who, const CompletionRequest& request, const std::stop_token& stop
) const {
    TRY_ASSIGN(PreparedRequest out, model(who, request.model, request.options));
    TRY(check_completion(out.model, request));
    TRY(take_common(out, request));
    if (request.raw) {
        TRY(check_media(out.model, request.images));
        out.request.media = request.images;
        out.request.media_nonce = random_hex(kNonceBytes);
        out.request.prompt =
            with_marks(request.prompt, request.images.size(), out.request.media_nonce);
        return out;
    }

    std::optional<PromptTemplate> given;
    if (request.prompt_template) {
        TRY_ASSIGN(given, PromptTemplate::parse(*request.prompt_template));
    }
    const PromptNeeds needs{.thinking = out.think.value_or(false)};
    const PromptTemplate* chosen = choose_template(out.model, given ? &*given : nullptr, needs);
    if (!chosen && out.model.chat_template.empty()) chosen = &bare_template();
    if (chosen) out.go_template = *chosen;
    if (!request.suffix.empty()) {
        TRY_ASSIGN(out.request.prompt, infill_prompt(out.model, given, request, settings_.now()));
        return out;
    }
    out.messages = completion_messages(out.model, request);
    TRY(take_media(out));
    const bool own_system = !request.system && !out.model.system.empty();
    out.public_messages = own_system ? out.messages.size() - 1 : 0;
    TRY(fit(who, out, request.truncate, stop));
    bind_answer(out);
    if (!request.context.empty()) TRY(prepend_context(who, out, request.context, stop));
    return out;
}

}  // namespace moat::inference
