#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/line_editor.h"

// The dialogue of `moat run` with a person at a terminal. Threads: one.
namespace moat::cli {

// What has been said and set so far.
struct DialogueState {
    RunOptions options;
    json::Value shown;        // what /api/show said of the model
    json::Array messages;     // of this conversation; the model's own are the server's to add
    json::Object parameters;  // set with /set parameter
    std::string system;       // set with /set system; empty: the model's own
};

// Reads messages and slash commands until the person leaves. Borrows the session.
class Dialogue {
  public:
    // `shown`: what /api/show said of options.model.
    Dialogue(Session session, const RunOptions& options, json::Value shown);

    // Loads the model first, so that what is wrong with it shows at once. Returns the exit status.
    int run();

  private:
    // None: the input ended, or Ctrl-C was pressed.
    std::optional<std::string> read_message();
    std::optional<std::string> read_until_quotes(std::string text);
    void chat(const std::string& text);
    Result<json::Object> user_message(const std::string& text);
    Result<json::Object> request() const;
    // Prints the answer as it comes; what is there when Ctrl-C ends it counts.
    Status answer(const json::Object& request);

    Session session_;
    DialogueState state_;
    InterruptGuard interrupt_;
    LineEditor editor_;
};

}  // namespace moat::cli
