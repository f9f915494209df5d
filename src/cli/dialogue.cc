#include "cli/dialogue.h"

#include <fmt/core.h>

#include "cli/answer_printer.h"
#include "cli/history_file.h"
#include "cli/load_mark.h"
#include "cli/prompt_images.h"
#include "cli/run_request.h"
#include "cli/slash_commands.h"

namespace moat::cli {
namespace {

constexpr std::string_view kQuotes = "\"\"\"";
constexpr std::string_view kSetSystem = "/set system ";

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\n") == std::string_view::npos;
}

}  // namespace

Dialogue::Dialogue(Session session, const RunOptions& options, json::Value shown)
    : session_(session),
      state_{options, std::move(shown), {}, {}, {}},
      editor_(interrupt_, usual_history_file()) {}

int Dialogue::run() {
    const Console& console = session_.console;
    const Status loaded = load_model(session_, state_, interrupt_);
    if (!loaded) return console.fail(loaded.error().message);
    print_model_messages(session_, state_);
    console.print(console.pick("Send a message (/? for help)\n", "请输入消息（输入 /? 查看帮助）\n")
    );
    SlashCommands commands(session_, state_, editor_, interrupt_);
    while (true) {
        const auto text = read_message();
        if (!text && interrupt_.take()) {
            console.print(console.pick(
                "\nUse Ctrl + d or /bye to exit.\n", "\n按 Ctrl + d 或输入 /bye 退出。\n"
            ));
            continue;
        }
        if (!text) {
            console.print("\n");
            return 0;
        }
        if (is_blank(*text)) continue;
        if (text->starts_with('/') && !begins_with_image(*text)) {
            if (commands.run(*text) == AfterCommand::leave) return 0;
        } else {
            chat(*text);
        }
    }
}

std::optional<std::string> Dialogue::read_message() {
    auto line = editor_.read(">>> ");
    if (!line) return std::nullopt;
    if (line->starts_with(kQuotes)) return read_until_quotes(line->substr(kQuotes.size()));
    const std::string_view rest = std::string_view(*line).substr(
        std::min(line->size(), line->starts_with(kSetSystem) ? kSetSystem.size() : line->size())
    );
    if (!rest.starts_with(kQuotes)) return line;
    auto text = read_until_quotes(std::string(rest.substr(kQuotes.size())));
    if (!text) return std::nullopt;
    return std::string(kSetSystem) + *text;
}

std::optional<std::string> Dialogue::read_until_quotes(std::string text) {
    while (!text.ends_with(kQuotes)) {
        const auto line = editor_.read("... ");
        if (!line) return std::nullopt;
        text += "\n" + *line;
    }
    text.resize(text.size() - kQuotes.size());
    if (text.starts_with('\n')) text.erase(0, 1);
    return text;
}

Result<json::Object> Dialogue::user_message(const std::string& text) {
    if (!is_capable(state_.shown, "vision") && !is_capable(state_.shown, "audio"))
        return json::Object{{"role", "user"}, {"content", text}};
    TRY_ASSIGN(PromptImages taken, take_images(text));
    for (const std::string& name : taken.names)
        session_.console.note(fmt::format("Added image '{}'", name));
    json::Object message{{"role", "user"}, {"content", taken.text}};
    if (!taken.images.empty()) message["images"] = std::move(taken.images);
    return message;
}

Result<json::Object> Dialogue::request() const {
    json::Array messages;
    if (!state_.system.empty())
        messages.push_back(json::Object{{"role", "system"}, {"content", state_.system}});
    for (const auto& message : state_.messages)
        messages.push_back(message);
    json::Object request{{"messages", std::move(messages)}, {"load_progress", true}};
    TRY(add_common(request, state_.options, state_.parameters));
    return request;
}

void Dialogue::chat(const std::string& text) {
    auto message = user_message(text);
    if (!message) return session_.console.note("Error: " + message.error().message);
    state_.messages.push_back(*std::move(message));
    const auto asked = request();
    const Status answered = asked ? answer(*asked) : Status(asked.error());
    if (answered) return;
    state_.messages.pop_back();
    session_.console.note("Error: " + answered.error().message);
}

Status Dialogue::answer(const json::Object& request) {
    const Console& console = session_.console;
    AnswerPrinter printer(
        console,
        {.wrap = !state_.options.no_word_wrap, .hide_thinking = state_.options.hide_thinking}
    );
    LoadMark mark(console);
    std::string content;
    std::string thinking;
    json::Value last;
    const auto is_stopped = [&] { return interrupt_.interrupted(); };
    const auto on_line = [&](const json::Value& line) {
        if (mark.show(line)) return !is_stopped();
        if (const auto* message = json::find(line, "message")) {
            const std::string thought = json::string_or(*message, "thinking");
            const std::string said = json::string_or(*message, "content");
            if (!thought.empty() || !said.empty()) mark.stop();
            printer.show(thought, said);
            thinking += thought;
            content += said;
        }
        last = line;
        return !is_stopped();
    };
    (void)interrupt_.take();
    const Status done = session_.api.post_lines("/api/chat", request, on_line, is_stopped);
    const bool stopped = interrupt_.take();
    mark.stop();
    printer.finish();
    console.print("\n\n");
    TRY(Status(done));
    json::Object message{{"role", "assistant"}, {"content", content}};
    if (!thinking.empty()) message["thinking"] = thinking;
    state_.messages.push_back(std::move(message));
    if (state_.options.verbose && !stopped) print_metrics(console, last);
    return Ok{};
}

}  // namespace moat::cli
