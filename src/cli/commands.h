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
    std::string imatrix;  // file of an importance matrix
    bool link = false;    // use the files where they lie, which is on the server
};
int create_model(Session session, const CreateOptions& options);
int pull_model(Session session, const std::string& name, bool insecure);
int push_model(Session session, const std::string& name, bool insecure);
// Brings a model that is not installed; any other trouble shows when it is used.
Status pull_if_missing(Session session, const std::string& name, bool insecure);
int verify_models(Session session, const std::vector<std::string>& names);  // none: all
int list_models(Session session, const std::string& prefix);
int list_running(Session session, const std::string& prefix);
struct ShowOptions {
    std::string model;
    std::string part;      // license, modelfile, parameters, template or system; empty: an overview
    bool verbose = false;  // with metadata and tensors
    bool fit = false;      // whether it would load now, instead
};
int show_model(Session session, const ShowOptions& options);
// The overview, from a reply of /api/show.
std::string model_overview(const json::Value& shown);
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
    std::string format;  // "json" or a schema
    std::string keep_alive;
    std::string think;  // true, false, low, medium, high or max; empty: as the model likes
    std::optional<bool> truncate;   // of an embedding model's input
    int dimensions = 0;             // of an embedding; 0: all
    std::optional<int> gpu_layers;  // option num_gpu
    bool verbose = false;
    bool hide_thinking = false;
    bool no_word_wrap = false;
    bool insecure = false;  // a model that is missing may come over http
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

// Weaviate's classes, with all that is in them, to this server.
struct ImportOptions {
    std::string url;   // scheme://host:port of the Weaviate
    std::string here;  // likewise of this server
    std::string api_key;
    std::vector<std::string> collections;  // none: all
    bool restart = false;                  // not where an earlier import was stopped
};
int import_weaviate(Session session, HttpClient& source, const ImportOptions& options);

// Backups
struct BackupOptions {
    std::string id;  // to create: empty for one of the time; to restore: or a folder
    std::vector<std::string> collections;  // none: all; to restore: NAME or NAME=NEW
    std::string folder;                    // where a copy goes; empty: nowhere
};
int create_backup(Session session, const BackupOptions& options);
int list_backups(Session session);
int verify_backup(Session session, const std::string& id);
int restore_backup(Session session, const BackupOptions& options);
int remove_backup(Session session, const std::string& id);

// Other programs
struct ServerAddress {
    std::string url;  // scheme://host:port
    std::string key;  // empty: none
};
struct LaunchOptions {
    std::string tool;   // empty: list them
    std::string model;  // empty: the one installed last that can call tools
    std::vector<std::string> arguments;
    bool only_config = false;  // print its settings, and do not start it
};
// Becomes the tool when that can be started.
int launch(Session session, const ServerAddress& server, const LaunchOptions& options);
// The account at Ollama's vendor: there is none.
int sign_in(Session session);
int sign_out(Session session);

// Keys
int create_key(Session session, const std::string& name, const std::string& role);
int list_keys(Session session);
int revoke_key(Session session, const std::string& id);

}  // namespace moat::cli
