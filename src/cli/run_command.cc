#include <iostream>
#include <unistd.h>

#include <fmt/core.h>

#include "cli/answer_printer.h"
#include "cli/dialogue.h"
#include "cli/load_mark.h"
#include "cli/prompt_images.h"
#include "cli/run_request.h"

namespace moat::cli {
namespace {

Status embed_once(Session session, const RunOptions& options) {
    if (options.prompt.empty()) {
        return Error{
            ErrorCode::invalid_argument,
            fmt::format(
                "an embedding model needs a text. Usage: run {} \"your text\"", options.model
            )
        };
    }
    json::Object request{{"model", options.model}, {"input", options.prompt}};
    if (!options.keep_alive.empty()) request["keep_alive"] = options.keep_alive;
    if (options.truncate) request["truncate"] = *options.truncate;
    if (options.dimensions > 0) request["dimensions"] = options.dimensions;
    TRY_ASSIGN(const json::Value reply, session.api.post("/api/embed", request));
    const auto* vectors = json::find_array(reply, "embeddings");
    if (vectors == nullptr || vectors->empty())
        return Error{ErrorCode::corrupt, "the server sent no embedding"};
    session.console.print(json::write(vectors->front()) + "\n");
    return Ok{};
}

Result<json::Object> request_of(
    Session session, const RunOptions& options, const json::Value& shown
) {
    json::Object request{{"prompt", options.prompt}};
    if (is_capable(shown, "vision") || is_capable(shown, "audio")) {
        TRY_ASSIGN(PromptImages taken, take_images(options.prompt));
        for (const std::string& name : taken.names)
            session.console.note(fmt::format("Added image '{}'", name));
        request["prompt"] = taken.text;
        if (!taken.images.empty()) request["images"] = std::move(taken.images);
    }
    TRY(add_common(request, options, {}));
    if (session.console.error_is_terminal) request["load_progress"] = true;
    return request;
}

Status generate_once(Session session, const RunOptions& options, const json::Value& shown) {
    TRY_ASSIGN(const json::Object request, request_of(session, options, shown));
    AnswerPrinter printer(
        session.console, {.wrap = !options.no_word_wrap, .hide_thinking = options.hide_thinking}
    );
    LoadMark mark(session.console);
    json::Value last;
    const auto on_line = [&](const json::Value& line) {
        if (mark.show(line)) return true;
        mark.stop();
        printer.show(json::string_or(line, "thinking"), json::string_or(line, "response"));
        last = line;
        return true;
    };
    const Status done = session.api.post_lines("/api/generate", request, on_line);
    mark.stop();
    printer.finish();
    // An empty prompt only loads the model.
    if (!options.prompt.empty() && !last.is_null()) session.console.print("\n\n");
    TRY(Status(done));
    if (options.verbose) print_metrics(session.console, last);
    return Ok{};
}

bool is_embedding_only(const json::Value& shown) {
    return is_capable(shown, "embedding") && !is_capable(shown, "completion");
}

// Piped text stands before the words of the command line.
std::string with_standard_input(const std::string& prompt) {
    std::string text{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
    while (text.ends_with('\n') || text.ends_with('\r'))
        text.pop_back();
    if (text.empty()) return prompt;
    return prompt.empty() ? text : text + " " + prompt;
}

}  // namespace

int run_model(Session session, const RunOptions& given) {
    RunOptions options = given;
    const bool typed = ::isatty(STDIN_FILENO) == 1;
    if (!typed) options.prompt = with_standard_input(options.prompt);
    if (!options.think.empty()) {
        if (const auto think = think_of(options.think); !think)
            return session.console.fail(think.error().message);
    }
    const Status there = pull_if_missing(session, options.model, options.insecure);
    if (!there) return session.console.fail(there.error().message);
    auto shown = describe_model(session, options.model);
    if (!shown) return session.console.fail(shown.error().message);

    const bool in_dialogue = typed && session.console.output_is_terminal && options.prompt.empty();
    const bool embeds = is_embedding_only(*shown);
    if (in_dialogue && !embeds) return Dialogue(session, options, *std::move(shown)).run();
    const Status done =
        embeds ? embed_once(session, options) : generate_once(session, options, *shown);
    return done ? 0 : session.console.fail(done.error().message);
}

}  // namespace moat::cli
