#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "documents/parser.h"

namespace moat::documents {

// Reads files in child processes, so that no file can hurt the server: each file gets a process of
// its own with limits on memory, time, files and system calls (parse_server.h, sandbox.h). The
// children that fork those processes are kept warm, up to `max_children` of them.
//
// Threads: any; parse() blocks, and waits while all children are busy. Owns: the children.
// Errors:  those of DocumentParser; too_large when memory ran out, timed_out when time did, corrupt
//          when the file made the parser crash, internal when no child could be started.
// Cost:    a warm start is a fork, about a millisecond; the first parse also starts a program.
class ParserProcess final : public DocumentParser {
  public:
    struct Options {
        // The program and its arguments that call serve_parse_requests().
        std::vector<std::string> command;
        std::vector<std::string> extensions;  // what the child's registry reads
        std::size_t max_children = 2;
        ParseLimits limits;
    };

    explicit ParserProcess(Options options);
    ~ParserProcess() override;

    Result<Document> parse(
        const std::filesystem::path& path, std::string_view file_name, std::stop_token stop
    ) override;
    std::vector<std::string> extensions() const override { return options_.extensions; }

  private:
    class Child;

    Result<std::unique_ptr<Child>> acquire(const std::stop_token& stop);
    void give_back(std::unique_ptr<Child> child);

    const Options options_;
    std::mutex mutex_;
    std::condition_variable_any free_;
    std::vector<std::unique_ptr<Child>> idle_;  // guarded by mutex_
    std::size_t in_use_ = 0;                    // guarded by mutex_
};

}  // namespace moat::documents
