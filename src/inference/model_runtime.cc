#include "inference/model_runtime.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "inference/answer_parser.h"
#include "inference/options.h"
#include "inference/prompt_maker.h"
#include "inference/schema_limits.h"

namespace moat::inference {
namespace {

using models::ChatMessage;
using models::Model;
using models::PromptTemplate;

// Of one embedding request: what a runner answers must fit one frame, and cannot be shared out.
constexpr std::size_t kMostTexts = 16384;

Error wrong(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

Error lacks(std::string_view name, std::string_view capability) {
    return Error{
        ErrorCode::unsupported, fmt::format("\"{}\" does not support {}", name, capability)
    };
}

// Ollama names these two without quotes, and in full.
Error lacks_in_full(const Model& model, std::string_view capability) {
    return Error{
        ErrorCode::unsupported,
        fmt::format(
            "{}/{}/{}:{} does not support {}",
            model.name.host,
            model.name.name_space,
            model.name.model,
            model.name.tag,
            capability
        )
    };
}

// "json" asks for any object, a schema for one like it.
Result<std::string> schema_of(const json::Value& format) {
    if (format.is_null()) return std::string();
    if (format.is_object()) {
        TRY(check_schema(format));
        return json::write(format);
    }
    if (format.is_string() && format.get_string().empty()) return std::string();
    if (format.is_string() && json::view(format.get_string()) == "json") return std::string("{}");
    return wrong(fmt::format(
        "invalid format: {}; expected \"json\" or a valid JSON Schema object", json::write(format)
    ));
}

bool has_images(const std::vector<ChatMessage>& messages) {
    return std::ranges::any_of(messages, [](const ChatMessage& message) {
        return !message.images.empty();
    });
}

bool has_tools(const json::Value& tools) {
    return tools.is_array() && !tools.get_array().empty();
}

// A grammar is made of every tool's parameters; a $ref in them is meant from there.
Status check_tools(const json::Value& tools) {
    TRY(check_schema(tools));
    for (const json::Value& tool : tools.get_array()) {
        const json::Value* function = json::find(tool, "function");
        const json::Value* parameters = function ? json::find(*function, "parameters") : nullptr;
        if (parameters != nullptr) TRY(check_schema(*parameters));
    }
    return Ok{};
}

// Unset means yes for a model that can.
Result<std::optional<bool>> settle_thinking(
    const Model& model, const std::string& name, std::optional<bool> asked
) {
    const bool can = model.can("thinking");
    if (asked.value_or(false) && !can) return lacks(name, "thinking");
    if (!asked && can) return std::optional(true);
    return asked;
}

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

Status check_completion(const Model& model, const CompletionRequest& request) {
    const bool own_words = request.prompt_template || request.system || !request.context.empty();
    if (request.raw && own_words)
        return wrong("raw mode does not support template, system, or context");
    if (!model.can("completion")) return lacks(request.model, "generate");
    if (!request.suffix.empty() && !model.can("insert"))
        return Error{ErrorCode::unsupported, request.model + " does not support insert"};
    if (!request.images.empty() && !model.can("vision")) return lacks_in_full(model, "vision");
    return Ok{};
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

// The prompt of the second run is that of the first and what was said.
void add_first_run(GenerateResult& result, const GenerateResult& first) {
    result.prompt_tokens = first.prompt_tokens;
    result.generated_tokens += first.generated_tokens;
    result.load += first.load;
    result.prompt += first.prompt;
    result.generate += first.generate;
    result.total += first.total;
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

}  // namespace

struct ModelRuntime::Prepared {
    Model model;
    ModelOptions options;
    ModelSource source;
    std::vector<ChatMessage> messages{};
    std::optional<PromptTemplate> go_template{};
    json::Value tools{};
    std::optional<bool> think{};
    std::string think_level{};
    std::string tool_choice{};
    GenerateRequest request{};
    KeepAlive keep_alive{};

    PromptRules rules(Time now) const {
        return PromptRules{
            .model = model,
            .go_template = go_template ? &*go_template : nullptr,
            .tools = tools,
            .think = think,
            .think_level = think_level,
            .tool_choice = tool_choice,
            .now = now
        };
    }
    const std::string* text() const { return std::get_if<std::string>(&request.prompt); }

    // How to read the answer; nothing for what the runner reads itself, and for raw prompts.
    AnswerParser parser() const {
        std::optional<ThinkingSplitter> thinking;
        std::optional<ToolCallScanner> scanner;
        if (go_template && think.value_or(false))
            if (const auto marks = go_template->thinking_marks())
                thinking.emplace(*marks, text() && ends_with_mark(*text(), marks->open));
        if (go_template && has_tools(tools) && tool_choice != "none")
            scanner.emplace(go_template->tool_call_mark(), tools);
        return AnswerParser(std::move(thinking), std::move(scanner));
    }
};

ModelRuntime::ModelRuntime(
    const models::ModelStore& store, Engine& engine, RuntimeSettings settings
)
    : store_(store), engine_(engine), settings_(std::move(settings)) {}

Result<ModelRuntime::Prepared> ModelRuntime::prepare(
    const Principal& who, const std::string& name, const json::Value& options
) const {
    TRY_ASSIGN(Model model, store_.find(who, name));
    TRY_ASSIGN(ModelOptions joined, join_options(model, options, settings_.context_length));
    ModelSource source{
        .key = model.digest,
        .name = model.name.display(),
        .gguf = model.gguf,
        .adapters = model.adapters,
        // Without images, the text model alone does.
        .projector = model.can("vision") ? model.projector : std::filesystem::path(),
        .embedding = model.can("embedding"),
        .load = joined.load
    };
    Prepared out{
        .model = std::move(model), .options = std::move(joined), .source = std::move(source)
    };
    out.request.sampling = out.options.sampling;
    out.request.stop = out.options.stop;
    out.request.num_predict = out.options.num_predict;
    out.request.num_keep = out.options.num_keep;
    out.request.cache_domain = who.id;
    return out;
}

Result<ModelRuntime::Prepared> ModelRuntime::prepare(
    const Principal& who, const ChatRequest& request, const std::stop_token& stop
) {
    TRY_ASSIGN(Prepared out, prepare(who, request.model, request.options));
    const Model& model = out.model;
    const bool images = has_images(request.messages);
    if (!model.can("completion")) return lacks(request.model, "chat");
    if (has_tools(request.tools) && !model.can("tools")) return lacks_in_full(model, "tools");
    if (images && !model.can("vision")) return lacks_in_full(model, "vision");
    TRY_ASSIGN(out.think, settle_thinking(model, request.model, request.think));
    TRY_ASSIGN(out.request.json_schema, schema_of(request.format));
    if (has_tools(request.tools)) TRY(check_tools(request.tools));
    out.think_level = request.think_level;
    out.tool_choice = request.tool_choice;
    out.tools = has_tools(request.tools) ? request.tools : json::Value();
    out.request.top_logprobs = request.top_logprobs;
    out.request.shift = request.shift;
    out.keep_alive = keep_alive_or_default(request.keep_alive);
    out.messages = with_model_messages(model, request.messages);

    const PromptNeeds needs{
        .tools = has_tools(request.tools), .thinking = out.think.value_or(false), .images = images
    };
    const PromptTemplate* chosen = choose_template(model, nullptr, needs);
    if (!chosen && model.chat_template.empty() && !images) chosen = &bare_template();
    if (chosen) out.go_template = *chosen;
    TRY(fit(who, out, request.truncate, stop));
    return out;
}

Result<ModelRuntime::Prepared> ModelRuntime::prepare(
    const Principal& who, const CompletionRequest& request, const std::stop_token& stop
) {
    TRY_ASSIGN(Prepared out, prepare(who, request.model, request.options));
    const Model& model = out.model;
    TRY(check_completion(model, request));
    TRY_ASSIGN(out.think, settle_thinking(model, request.model, request.think));
    TRY_ASSIGN(out.request.json_schema, schema_of(request.format));
    out.think_level = request.think_level;
    out.request.top_logprobs = request.top_logprobs;
    out.request.shift = request.shift;
    out.keep_alive = keep_alive_or_default(request.keep_alive);
    if (request.raw) {
        out.request.prompt = request.prompt;
        return out;
    }

    std::optional<PromptTemplate> given;
    if (request.prompt_template) {
        TRY_ASSIGN(given, PromptTemplate::parse(*request.prompt_template));
    }
    const PromptNeeds needs{
        .thinking = out.think.value_or(false), .images = !request.images.empty()
    };
    const PromptTemplate* chosen = choose_template(model, given ? &*given : nullptr, needs);
    if (!chosen && model.chat_template.empty()) chosen = &bare_template();
    if (chosen) out.go_template = *chosen;
    if (!request.suffix.empty()) {
        TRY_ASSIGN(out.request.prompt, infill_prompt(model, given, request, settings_.now()));
        return out;
    }
    out.messages = completion_messages(model, request);
    TRY(fit(who, out, request.truncate, stop));
    if (!request.context.empty()) TRY(prepend_context(who, out, request.context, stop));
    return out;
}

// Renders the prompt from what fits of the messages.
Status ModelRuntime::fit(
    const Principal& who, Prepared& prepared, bool truncate, const std::stop_token& stop
) {
    const PromptRules rules = prepared.rules(settings_.now());
    if (truncate) {
        const auto count = [&](const std::vector<ChatMessage>& messages) -> Result<std::size_t> {
            TRY_ASSIGN(Prompt prompt, rules.make(messages));
            std::string text;
            if (const auto* chat = std::get_if<ChatPrompt>(&prompt)) {
                TRY_ASSIGN(text, engine_.render(who, prepared.source, *chat, stop));
            } else {
                text = std::get<std::string>(prompt);
            }
            TRY_ASSIGN(const auto tokens, engine_.tokenize(who, prepared.source, text, stop));
            return tokens.size();
        };
        const std::size_t tools_bytes =
            prepared.tools.is_null() ? 0 : json::write(prepared.tools).size();
        // One token must be left for the answer.
        const auto limit = static_cast<std::size_t>(prepared.source.load.num_ctx - 1);
        TRY_ASSIGN(
            prepared.messages, fit_messages(std::move(prepared.messages), tools_bytes, limit, count)
        );
    }
    TRY_ASSIGN(prepared.request.prompt, rules.make(prepared.messages));
    return Ok{};
}

// An earlier answer's tokens, then the new turn's.
Status ModelRuntime::prepend_context(
    const Principal& who,
    Prepared& prepared,
    const std::vector<std::int32_t>& context,
    const std::stop_token& stop
) {
    TRY_ASSIGN(const std::string text, text_of(who, prepared, stop));
    TRY_ASSIGN(auto tokens, engine_.tokenize(who, prepared.source, text, stop));
    // The mark of a beginning stands there already.
    const bool begins_again = !tokens.empty() && tokens.front() == context.front();
    std::vector<std::int32_t> joined = context;
    joined.insert(joined.end(), tokens.begin() + (begins_again ? 1 : 0), tokens.end());
    prepared.request.prompt = std::move(joined);
    return Ok{};
}

Result<std::string> ModelRuntime::text_of(
    const Principal& who, const Prepared& prepared, const std::stop_token& stop
) {
    if (const auto* chat = std::get_if<ChatPrompt>(&prepared.request.prompt))
        return engine_.render(who, prepared.source, *chat, stop);
    if (const std::string* text = prepared.text()) return *text;
    return engine_.detokenize(
        who, prepared.source, std::get<std::vector<std::int32_t>>(prepared.request.prompt), stop
    );
}

Result<GenerateResult> ModelRuntime::run(
    const Principal& who, const Prepared& prepared, const EventSink& sink, std::stop_token stop
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
    auto result = engine_.generate(
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
Result<GenerateResult> ModelRuntime::run_formatted_after_thinking(
    const Principal& who, Prepared prepared, const EventSink& sink, std::stop_token stop
) {
    const models::ThinkingMarks marks = *prepared.go_template->thinking_marks();
    const std::string prompt = *prepared.text();
    GenerateRequest free = prepared.request;
    free.json_schema.clear();
    free.stop.push_back(marks.close);

    ThinkingSplitter splitter(marks, ends_with_mark(prompt, marks.open));
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
    auto thought = engine_.generate(who, prepared.source, free, meanwhile, think, stop);
    const bool thought_ended = thought && thought->stop_string == marks.close;
    if (!thought_ended && !answers_at_once) {
        // Its own errors would hide what happened here.
        if (unloads) (void)engine_.unload(who, prepared.source.key);
        return thought;
    }

    prepared.think = std::nullopt;  // what follows is content
    if (answers_at_once) return run(who, prepared, sink, std::move(stop));
    prepared.request.prompt = prompt + said + marks.close + "\n\n";
    auto answer = run(who, prepared, sink, std::move(stop));
    if (!answer) return answer;
    add_first_run(*answer, *thought);
    return answer;
}

Result<GenerateResult> ModelRuntime::answer(
    const Principal& who, Prepared prepared, const EventSink& sink, std::stop_token stop
) {
    const bool two_runs = prepared.go_template && prepared.text() &&
                          prepared.think.value_or(false) && !prepared.request.json_schema.empty() &&
                          prepared.go_template->thinking_marks();
    if (two_runs)
        return run_formatted_after_thinking(who, std::move(prepared), sink, std::move(stop));
    return run(who, prepared, sink, std::move(stop));
}

Result<GenerateResult> ModelRuntime::chat(
    const Principal& who, const ChatRequest& request, const EventSink& sink, std::stop_token stop
) {
    TRY_ASSIGN(Prepared prepared, prepare(who, request, stop));
    return answer(who, std::move(prepared), sink, std::move(stop));
}

Result<GenerateResult> ModelRuntime::complete(
    const Principal& who,
    const CompletionRequest& request,
    const EventSink& sink,
    std::stop_token stop
) {
    TRY_ASSIGN(Prepared prepared, prepare(who, request, stop));
    return answer(who, std::move(prepared), sink, std::move(stop));
}

Result<EmbedResult> ModelRuntime::embed(
    const Principal& who, const EmbeddingRequest& request, std::stop_token stop
) {
    TRY_ASSIGN(const Prepared prepared, prepare(who, request.model, request.options));
    if (!prepared.model.can("embedding")) return lacks(request.model, "embeddings");
    if (request.dimensions < 0) return wrong("dimensions must be positive");
    if (request.texts.size() > kMostTexts)
        return wrong(fmt::format(
            "too many inputs in one request: {}; at most {}", request.texts.size(), kMostTexts
        ));
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

Result<std::string> ModelRuntime::render(
    const Principal& who, const ChatRequest& request, std::stop_token stop
) {
    TRY_ASSIGN(const Prepared prepared, prepare(who, request, stop));
    return text_of(who, prepared, stop);
}

Result<std::string> ModelRuntime::render(
    const Principal& who, const CompletionRequest& request, std::stop_token stop
) {
    TRY_ASSIGN(const Prepared prepared, prepare(who, request, stop));
    return text_of(who, prepared, stop);
}

Result<Duration> ModelRuntime::load(
    const Principal& who,
    const std::string& model,
    std::optional<KeepAlive> keep_alive,
    const json::Value& options,
    std::stop_token stop
) {
    TRY_ASSIGN(const Prepared prepared, prepare(who, model, options));
    return engine_.load(who, prepared.source, keep_alive_or_default(keep_alive), std::move(stop));
}

Status ModelRuntime::unload(const Principal& who, const std::string& model) {
    TRY_ASSIGN(const Model found, store_.find(who, model));
    return engine_.unload(who, found.digest);
}

std::vector<LoadedModel> ModelRuntime::loaded(const Principal& who) {
    return engine_.loaded(who);
}

}  // namespace moat::inference
