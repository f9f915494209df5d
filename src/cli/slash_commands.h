#pragma once

#include <string_view>

#include "cli/dialogue.h"

// The commands of a dialogue that begin with '/'. Threads: one.
namespace moat::cli {

enum class AfterCommand { go_on, leave };

// Borrows all of them.
class SlashCommands {
  public:
    SlashCommands(
        Session session, DialogueState& state, LineEditor& editor, InterruptGuard& interrupt
    )
        : session_(session), state_(state), editor_(editor), interrupt_(interrupt) {}

    // What is wrong is told to the person; nothing of the dialogue is lost by it.
    AfterCommand run(std::string_view line);

  private:
    void set(std::string_view rest);
    void set_parameter(std::string_view rest);
    void set_format(std::string_view rest);
    void set_thinking(std::string_view what, std::string_view rest);
    void show(std::string_view rest);
    void show_parameters(const json::Value& shown) const;
    void show_text(const std::string& text, std::string_view english, std::string_view chinese)
        const;
    void load(std::string_view rest);
    void save(std::string_view rest);
    void help(std::string_view rest) const;
    void say(std::string_view text) const { session_.console.print(text); }

    Session session_;
    DialogueState& state_;
    LineEditor& editor_;
    InterruptGuard& interrupt_;
};

// Brings the model into memory, with a turning mark on the terminal.
// Errors: those of the server; cancelled, by Ctrl-C.
Status load_model(Session session, const DialogueState& state, InterruptGuard& interrupt);

// The conversation a model begins with (MESSAGE in its Modelfile), as if it had been typed.
void print_model_messages(Session session, const DialogueState& state);

}  // namespace moat::cli
