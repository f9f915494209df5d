#include "cli/slash_commands.h"

#include <fmt/core.h>

#include "cli/answer_printer.h"
#include "cli/load_mark.h"
#include "cli/run_request.h"
#include "cli/slash_help.h"
#include "models/parameters.h"

namespace moat::cli {
namespace {

// Takes the next word off the front, quotes around it dropped.
std::string next_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    const bool quoted = text.starts_with('"') && text.find('"', 1) != std::string_view::npos;
    const std::size_t begin = quoted ? 1 : 0;
    const std::size_t end = std::min(text.find_first_of(quoted ? "\"" : " \t", begin), text.size());
    std::string word(text.substr(begin, end - begin));
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string unknown(std::string_view command) {
    return fmt::format("Unknown command '{}'. Type /? for help\n", command);
}

std::string text_of(const json::Value& value) {
    return value.is_string() ? std::string(json::view(value.get_string())) : json::write(value);
}

}  // namespace

Status load_model(Session session, const DialogueState& state, InterruptGuard& interrupt) {
    json::Object request{{"load_progress", true}};
    TRY(add_common(request, state.options, {}));
    request.erase("format");
    request.erase("think");
    LoadMark mark(session.console);
    TRY(session.api.post_lines(
        "/api/generate",
        request,
        [&mark](const json::Value& line) {
            (void)mark.show(line);  // the other line says that it is loaded
            return true;
        },
        [&interrupt] { return interrupt.interrupted(); }
    ));
    if (!interrupt.take()) return Ok{};
    return Error{ErrorCode::cancelled, "loading was stopped"};
}

void print_model_messages(Session session, const DialogueState& state) {
    const auto* messages = json::find_array(state.shown, "messages");
    if (messages == nullptr) return;
    for (const auto& message : *messages) {
        const std::string content = json::string_or(message, "content");
        const std::string role = json::string_or(message, "role");
        if (role == "user") session.console.print(fmt::format(">>> {}\n", content));
        if (role != "assistant") continue;
        AnswerPrinter(session.console, {.wrap = !state.options.no_word_wrap}).show("", content);
        session.console.print("\n\n");
    }
}

AfterCommand SlashCommands::run(std::string_view line) {
    const std::string command = next_word(line);
    if (command == "/bye" || command == "/exit") return AfterCommand::leave;
    if (command == "/clear") {
        state_.messages.clear();
        say("Cleared session context\n");
    } else if (command == "/set") {
        set(line);
    } else if (command == "/show") {
        show(line);
    } else if (command == "/load") {
        load(line);
    } else if (command == "/save") {
        save(line);
    } else if (command == "/list") {
        (void)list_models(session_, next_word(line));  // it has told what was wrong
    } else if (command == "/?" || command == "/help") {
        help(line);
    } else {
        say(unknown(command));
    }
    return AfterCommand::go_on;
}

void SlashCommands::set(std::string_view rest) {
    const std::string what = next_word(rest);
    if (what.empty()) {
        say(help_of_set(session_.console.language));
    } else if (what == "parameter") {
        set_parameter(rest);
    } else if (what == "system") {
        if (trimmed(rest).empty()) return say("Usage:\n  /set system <message>\n");
        state_.system = trimmed(rest);
        say("Set system message.\n");
    } else if (what == "history" || what == "nohistory") {
        editor_.keep_history(what == "history");
    } else if (what == "wordwrap" || what == "nowordwrap") {
        state_.options.no_word_wrap = what == "nowordwrap";
        say(fmt::format("Set '{}' mode.\n", what));
    } else if (what == "verbose" || what == "quiet") {
        state_.options.verbose = what == "verbose";
        say(fmt::format("Set '{}' mode.\n", what));
    } else if (what == "format") {
        set_format(rest);
    } else if (what == "noformat") {
        state_.options.format.clear();
        say("Disabled format.\n");
    } else if (what == "think" || what == "nothink") {
        set_thinking(what, rest);
    } else {
        say(unknown("/set " + what));
    }
}

void SlashCommands::set_parameter(std::string_view rest) {
    const std::string name = next_word(rest);
    json::Array values;
    std::string shown;
    while (!trimmed(rest).empty()) {
        const std::string word = next_word(rest);
        auto value = models::parse_parameter(name, word);
        if (!value)
            return say(fmt::format("Couldn't set parameter: \"{}\"\n", value.error().message));
        values.push_back(*std::move(value));
        shown += (shown.empty() ? "" : ", ") + word;
    }
    if (values.empty()) return say("Usage:\n  /set parameter <name> <value>\n");
    const models::Parameter* parameter = models::find_parameter(name);
    const bool is_list = parameter != nullptr && parameter->type == models::ParameterType::list;
    state_.parameters[name] = is_list ? json::Value(values) : values.front();
    say(fmt::format("Set parameter '{}' to '{}'\n", name, shown));
}

void SlashCommands::set_format(std::string_view rest) {
    if (trimmed(rest) != "json")
        return say("Invalid or missing format. For 'json' mode use '/set format json'\n");
    state_.options.format = "json";
    say("Set format to 'json' mode.\n");
}

void SlashCommands::set_thinking(std::string_view what, std::string_view rest) {
    const std::string level = next_word(rest);
    const std::string think = what == "nothink" ? "false" : level.empty() ? "true" : level;
    if (const auto valid = think_of(think); !valid) {
        return say(fmt::format("Invalid think level: '{}'. Use low, medium, high or max.\n", level)
        );
    }
    if (what == "think" && !is_capable(state_.shown, "thinking"))
        session_.console.note(
            fmt::format("warning: model \"{}\" does not support thinking", state_.options.model)
        );
    state_.options.think = think;
    say(level.empty() ? fmt::format("Set '{}' mode.\n", what)
                      : fmt::format("Set '{}' mode to '{}'.\n", what, level));
}

void SlashCommands::show(std::string_view rest) {
    const std::string what = next_word(rest);
    if (what.empty()) return say(help_of_show(session_.console.language));
    const auto shown = describe_model(session_, state_.options.model);
    if (!shown) return session_.console.note("Error: " + shown.error().message);
    if (what == "info") {
        say(model_overview(*shown));
    } else if (what == "license") {
        show_text(
            json::string_or(*shown, "license"),
            "No license was specified for this model.",
            "该模型没有许可证说明。"
        );
    } else if (what == "modelfile") {
        show_text(json::string_or(*shown, "modelfile"), "No Modelfile.", "没有 Modelfile。");
    } else if (what == "parameters") {
        show_parameters(*shown);
    } else if (what == "system") {
        show_text(
            state_.system.empty() ? json::string_or(*shown, "system") : state_.system,
            "No system message was specified for this model.",
            "该模型没有系统消息。"
        );
    } else if (what == "template") {
        show_text(
            json::string_or(*shown, "template"),
            "No prompt template was specified for this model.",
            "该模型没有提示词模板。"
        );
    } else {
        say(unknown("/show " + what));
    }
}

void SlashCommands::show_text(
    const std::string& text, std::string_view english, std::string_view chinese
) const {
    say(text.empty() ? std::string(session_.console.pick(english, chinese)) : text);
    say("\n\n");
}

void SlashCommands::show_parameters(const json::Value& shown) const {
    say("Model defined parameters:\n");
    std::string_view none = session_.console.pick(
        "  No additional parameters were specified for this model.\n", "  该模型没有定义参数。\n"
    );
    std::string text = json::string_or(shown, "parameters");
    if (text.empty()) say(none);
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        say(fmt::format("  {}\n", rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    say("\n");
    if (state_.parameters.empty()) return;
    say("User defined parameters:\n");
    for (const auto& [name, value] : state_.parameters)
        say(fmt::format("  {:<30} {}\n", json::view(name), text_of(value)));
    say("\n");
}

void SlashCommands::load(std::string_view rest) {
    const std::string model = next_word(rest);
    if (model.empty()) return say("Usage:\n  /load <modelname>\n");
    say(fmt::format("Loading model '{}'\n", model));
    DialogueState next{state_.options, {}, {}, state_.parameters, {}};
    next.options.model = model;
    auto shown = describe_model(session_, model);
    if (!shown && shown.error().code == ErrorCode::not_found)
        return say(fmt::format("Couldn't find model '{}'\n", model));
    if (!shown) return session_.console.note("Error: " + shown.error().message);
    next.shown = *std::move(shown);
    const Status loaded = load_model(session_, next, interrupt_);
    if (!loaded) return session_.console.note("Error: " + loaded.error().message);
    state_ = std::move(next);
    print_model_messages(session_, state_);
}

void SlashCommands::save(std::string_view rest) {
    const std::string name = next_word(rest);
    if (name.empty()) return say("Usage:\n  /save <modelname>\n");
    json::Object request{{"model", name}, {"from", state_.options.model}};
    if (!state_.system.empty()) request["system"] = state_.system;
    if (!state_.parameters.empty()) request["parameters"] = state_.parameters;
    if (!state_.messages.empty()) request["messages"] = state_.messages;
    const Status saved =
        session_.api.post_lines("/api/create", request, [](const json::Value&) { return true; });
    if (saved) return say(fmt::format("Created new model '{}'\n", name));
    if (saved.error().message == "invalid model name")
        return say(fmt::format("The model name '{}' is invalid\n", name));
    session_.console.note("Error: " + saved.error().message);
}

void SlashCommands::help(std::string_view rest) const {
    const std::string topic = next_word(rest);
    const Language language = session_.console.language;
    if (topic == "set" || topic == "/set") return say(help_of_set(language));
    if (topic == "show" || topic == "/show") return say(help_of_show(language));
    if (topic == "shortcut" || topic == "shortcuts") return say(help_of_shortcuts(language));
    say(help_of_commands(language));
}

}  // namespace moat::cli
