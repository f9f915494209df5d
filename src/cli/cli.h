#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/http_client.h"

namespace moat::cli {

struct Program {
    std::string name;            // what it was called as: "moat", or "ollama" (a link)
    std::string version;         // Moat's own
    std::string ollama_version;  // the one it speaks as
    std::string url;             // of the server
    std::string api_key;         // empty: none
    // A client for another server; `unreachable` is the error when nobody answers there.
    std::function<std::unique_ptr<HttpClient>(
        const std::string& url, const std::string& api_key, const std::string& unreachable
    )>
        connect;
    // Runs the server with the words after `serve`; returns the exit status.
    std::function<int(const std::vector<std::string>& arguments)> serve;
};

// Reads the command line, runs the command, returns the exit status. Threads: one.
int run(int argc, char** argv, const Program& program, HttpClient& http, const Console& console);

}  // namespace moat::cli
