#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/api_client.h"
#include "cli/console.h"

// The work behind each command. Each returns the exit status of the program: 0, or 1 after it has
// printed "Error: ...". Threads: one.
namespace moat::cli {

struct Session {
    ApiClient& api;
    const Console& console;
};

// Models
struct CreateOptions {
    std::string model;
    std::string modelfile = "Modelfile";
    std::string quantize;
    std::string draft_quantize;
    bool link = false;  // use the files where they lie, which is on the server
};
int create_model(Session session, const CreateOptions& options);
int list_models(Session session, const std::string& prefix);
int list_running(Session session, const std::string& prefix);
int show_model(Session session, const std::string& name, const std::string& part);
int copy_model(Session session, const std::string& from, const std::string& to);
int remove_models(Session session, const std::vector<std::string>& names);
int stop_model(Session session, const std::string& name);

struct AliasOptions {
    std::string name;    // empty: list them
    std::string target;  // the model it is to stand for
    bool roll_back = false;
    bool remove = false;
};
int alias(Session session, const AliasOptions& options);

struct RunOptions {
    std::string model;
    std::string prompt;  // empty: a dialogue
    std::string format;
    std::string keep_alive;
    std::optional<bool> think;
    bool verbose = false;
};
int run_model(Session session, const RunOptions& given);

// Knowledge bases
int create_kb(Session session, const std::string& name);
int list_kbs(Session session);
int show_kb(Session session, const std::string& name);
int remove_kb(Session session, const std::string& name);
int add_to_kb(Session session, const std::string& name, const std::vector<std::string>& paths);
struct SearchOptions {
    std::string kb;
    std::string query;
    int limit = 5;
};
int search_kb(Session session, const SearchOptions& options);

struct AskOptions {
    std::string question;
    std::string kb;
    std::string model;
    std::string conversation;
    bool as_json = false;
};
int ask(Session session, const AskOptions& options);

// Keys
int create_key(Session session, const std::string& name, const std::string& role);
int list_keys(Session session);
int revoke_key(Session session, const std::string& id);

}  // namespace moat::cli
