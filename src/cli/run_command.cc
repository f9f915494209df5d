#include <cstdio>
#include <iostream>
#include <unistd.h>

#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/line_editor.h"

namespace moat::cli {
namespace {

// What the person at the prompt has set so far.
struct Dialogue {
    Session session;
    InterruptGuard& interrupt;
    RunOptions options;
    json::Array messages;
    json::Object parameters;
    std::string system;
};

json::Value format_of(const std::string& text) {
    if (text.empty()) return nullptr;
    const auto schema = json::read(text);
    return schema && schema->is_object() ? *schema : json::Value(text);
}

void add_common(json::Object& request, const RunOptions& options) {
    request["model"] = options.model;
    if (!options.format.empty()) request["format"] = format_of(options.format);
    if (!options.keep_alive.empty()) request["keep_alive"] = options.keep_alive;
    if (options.think) request["think"] = *options.think;
}

std::string rate(std::int64_t count, std::int64_t nanoseconds) {
    if (nanoseconds <= 0) return "-";
    return fmt::format(
        "{:.2f} tokens/s", static_cast<double>(count) * 1e9 / static_cast<double>(nanoseconds)
    );
}

void print_metrics(const Console& console, const json::Value& last) {
    const auto number = [&](std::string_view key) { return json::int_or(last, key, 0); };
    console.note(fmt::format("\ntotal duration:       {}", human_duration(number("total_duration")))
    );
    console.note(fmt::format("load duration:        {}", human_duration(number("load_duration"))));
    console.note(fmt::format("prompt eval count:    {} token(s)", number("prompt_eval_count")));
    console.note(
        fmt::format("prompt eval duration: {}", human_duration(number("prompt_eval_duration")))
    );
    console.note(fmt::format(
        "prompt eval rate:     {}",
        rate(number("prompt_eval_count"), number("prompt_eval_duration"))
    ));
    console.note(fmt::format("eval count:           {} token(s)", number("eval_count")));
    console.note(fmt::format("eval duration:        {}", human_duration(number("eval_duration"))));
    console.note(
        fmt::format("eval rate:            {}", rate(number("eval_count"), number("eval_duration")))
    );
}

// Prints the stream of one answer; thinking goes between its two marks.
class AnswerPrinter {
  public:
    explicit AnswerPrinter(const Console& console) : console_(console) {}

    void show(const std::string& thinking, const std::string& content) {
        if (!thinking.empty()) {
            if (!thinking_) console_.print("Thinking...\n");
            thinking_ = true;
            console_.print(thinking);
        }
        if (content.empty()) return;
        if (thinking_) console_.print("\n...done thinking.\n\n");
        thinking_ = false;
        console_.print(content);
    }

  private:
    const Console& console_;
    bool thinking_ = false;
};

int embed_once(Session session, const RunOptions& options) {
    const auto reply = session.api.post(
        "/api/embed", json::Object{{"model", options.model}, {"input", options.prompt}}
    );
    if (!reply) return session.console.fail(reply.error().message);
    const auto* vectors = json::find_array(*reply, "embeddings");
    if (vectors == nullptr || vectors->empty())
        return session.console.fail("the server sent no embedding");
    session.console.print(json::write(vectors->front()) + "\n");
    return 0;
}

int generate_once(Session session, const RunOptions& options) {
    json::Object request{{"prompt", options.prompt}};
    add_common(request, options);
    AnswerPrinter printer(session.console);
    json::Value last;
    const Status done =
        session.api.post_lines("/api/generate", request, [&](const json::Value& line) {
            printer.show(json::string_or(line, "thinking"), json::string_or(line, "response"));
            last = line;
            return true;
        });
    session.console.print("\n");
    if (!done) return session.console.fail(done.error().message);
    if (options.verbose) print_metrics(session.console, last);
    return 0;
}

bool is_embedding_only(const json::Value& model) {
    const auto* list = json::find_array(model, "capabilities");
    bool embedding = false;
    if (list == nullptr) return false;
    for (const auto& item : *list) {
        if (item == json::Value("completion")) return false;
        if (item == json::Value("embedding")) embedding = true;
    }
    return embedding;
}

// Ctrl-C ends the answer, of which what is there counts.
void chat(Dialogue& dialogue, const std::string& text) {
    json::Array messages;
    if (!dialogue.system.empty())
        messages.push_back(json::Object{{"role", "system"}, {"content", dialogue.system}});
    dialogue.messages.push_back(json::Object{{"role", "user"}, {"content", text}});
    for (const auto& message : dialogue.messages)
        messages.push_back(message);

    json::Object request{{"messages", messages}, {"options", dialogue.parameters}};
    add_common(request, dialogue.options);
    AnswerPrinter printer(dialogue.session.console);
    std::string answer;
    json::Value last;
    const auto is_stopped = [&] { return dialogue.interrupt.interrupted(); };
    const auto on_line = [&](const json::Value& line) {
        if (const auto* message = json::find(line, "message")) {
            printer.show(
                json::string_or(*message, "thinking"), json::string_or(*message, "content")
            );
            answer += json::string_or(*message, "content");
        }
        last = line;
        return !is_stopped();
    };
    (void)dialogue.interrupt.take();
    const Status done = dialogue.session.api.post_lines("/api/chat", request, on_line, is_stopped);
    const bool stopped = dialogue.interrupt.take();
    dialogue.session.console.print("\n\n");
    if (!done) {
        dialogue.messages.pop_back();
        dialogue.session.console.note("Error: " + done.error().message);
        return;
    }
    dialogue.messages.push_back(json::Object{{"role", "assistant"}, {"content", answer}});
    if (dialogue.options.verbose && !stopped) print_metrics(dialogue.session.console, last);
}

constexpr std::string_view kHelp =
    "Available Commands:\n"
    "  /set parameter NAME VALUE  Set a model parameter, e.g. /set parameter temperature 0.2\n"
    "  /set system TEXT           Set the system message\n"
    "  /set verbose | quiet       Show or hide timings\n"
    "  /show [PART]               Show the model: info, modelfile, parameters, system, template, "
    "license\n"
    "  /clear                     Forget the conversation so far\n"
    "  /bye                       Exit\n"
    "  /?, /help                  This list\n\n"
    "Use \"\"\" to begin and end a message of several lines.\n";

std::string next_word(std::string_view& text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    const auto end = text.find(' ');
    std::string word(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    return word;
}

// A number when it reads as one, a flag, else text: the server checks it against the option's type.
json::Value value_of(std::string_view text) {
    const auto value = json::read(text);
    return value && (value->is_number() || value->is_bool()) ? *value : json::Value(text);
}

void set_command(Dialogue& dialogue, std::string_view rest) {
    const Console& console = dialogue.session.console;
    const std::string what = next_word(rest);
    if (what == "parameter") {
        const std::string name = next_word(rest);
        if (name.empty() || rest.empty())
            return console.print("Usage: /set parameter NAME VALUE\n");
        dialogue.parameters[name] = value_of(rest);
        console.print(fmt::format("Set parameter '{}' to '{}'\n", name, rest));
    } else if (what == "system") {
        dialogue.system = rest;
        console.print("Set system message.\n");
    } else if (what == "verbose" || what == "quiet") {
        dialogue.options.verbose = what == "verbose";
        console.print(fmt::format("Set '{}' mode.\n", what));
    } else {
        console.print(fmt::format("Unknown command '/set {}'. Type /? for help\n", what));
    }
}

// False: leave the dialogue.
bool slash_command(Dialogue& dialogue, std::string_view line) {
    const Console& console = dialogue.session.console;
    const std::string command = next_word(line);
    if (command == "/bye" || command == "/exit") return false;
    if (command == "/clear") {
        dialogue.messages.clear();
        console.print("Cleared session context\n");
    } else if (command == "/set") {
        set_command(dialogue, line);
    } else if (command == "/show") {
        const std::string part = next_word(line);
        show_model(dialogue.session, dialogue.options.model, part == "info" ? "" : part);
    } else if (command == "/?" || command == "/help") {
        console.print(kHelp);
    } else {
        console.print(fmt::format("Unknown command '{}'. Type /? for help\n", command));
    }
    return true;
}

// Reads on until the closing quotes. Nothing when the input ended first.
std::optional<std::string> read_multiline(LineEditor& editor, std::string text) {
    text.erase(0, 3);
    while (!text.ends_with("\"\"\"")) {
        const auto line = editor.read("... ");
        if (!line) return std::nullopt;
        text += "\n" + *line;
    }
    text.resize(text.size() - 3);
    return text;
}

int run_dialogue(Session session, const RunOptions& options) {
    // Loading now tells at once when the model is not there.
    const auto loaded = session.api.post(
        "/api/generate", json::Object{{"model", options.model}, {"stream", false}}
    );
    if (!loaded) return session.console.fail(loaded.error().message);

    InterruptGuard interrupt;
    Dialogue dialogue{session, interrupt, options, {}, {}, {}};
    LineEditor editor(interrupt);
    session.console.print(
        session.console.pick("Send a message (/? for help)\n", "请输入消息（/? 查看帮助）\n")
    );
    while (true) {
        auto line = editor.read(">>> ");
        if (line && line->starts_with("\"\"\"")) line = read_multiline(editor, *line);
        if (!line && interrupt.take()) {
            session.console.print(session.console.pick(
                "\nUse Ctrl + d or /bye to exit.\n", "\n按 Ctrl + d 或输入 /bye 退出。\n"
            ));
            continue;
        }
        if (!line) return 0;
        if (line->find_first_not_of(" \t") == std::string::npos) continue;
        if (line->starts_with('/')) {
            if (!slash_command(dialogue, *line)) return 0;
        } else {
            chat(dialogue, *line);
        }
    }
}

std::string read_standard_input() {
    return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

}  // namespace

int run_model(Session session, const RunOptions& given) {
    RunOptions options = given;
    const bool piped = ::isatty(STDIN_FILENO) == 0;
    if (piped) {
        std::string text = read_standard_input();
        while (text.ends_with('\n'))
            text.pop_back();
        // Piped text stands before the words of the command line.
        if (!text.empty())
            options.prompt = options.prompt.empty() ? text : text + " " + options.prompt;
    }
    if (options.prompt.empty() && !piped) return run_dialogue(session, options);

    const auto model = session.api.post("/api/show", json::Object{{"model", options.model}});
    if (!model) return session.console.fail(model.error().message);
    if (is_embedding_only(*model)) return embed_once(session, options);
    return generate_once(session, options);
}

}  // namespace moat::cli
