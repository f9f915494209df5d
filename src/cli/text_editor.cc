#include "cli/text_editor.h"

#include <cstdlib>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/file.h"
#include "base/temp_dir.h"

namespace moat::cli {
namespace {

constexpr std::size_t kMostBytes = 16U << 20;

std::string editor_command() {
    for (const char* name : {"OLLAMA_EDITOR", "VISUAL", "EDITOR"}) {
        const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
        if (value != nullptr && *value != '\0') return value;
    }
    return "vi";
}

// Through the shell: the variable may hold options.
Status run_editor(const std::string& command, const std::string& file) {
    const std::string script = command + " \"$1\"";
    const char* arguments[] = {"sh", "-c", script.c_str(), "sh", file.c_str(), nullptr};
    pid_t pid = 0;
    // posix_spawn does not change its arguments (POSIX, exec: "shall be considered constants").
    const int failed = ::posix_spawn(
        &pid, "/bin/sh", nullptr, nullptr, const_cast<char* const*>(arguments), environ
    );
    if (failed != 0) return Error{ErrorCode::io, "cannot start a shell for the editor"};
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return Error{ErrorCode::io, "cannot wait for the editor"};
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Ok{};
    return Error{
        ErrorCode::io, fmt::format("the editor failed: {} (set EDITOR to choose another)", command)
    };
}

}  // namespace

Result<std::string> edit_text(const std::string& text) {
    const TempDir folder;
    const auto file = folder.path() / "prompt.md";
    TRY(write_file_atomically(file, bytes_of(text)));
    TRY(run_editor(editor_command(), file.string()));
    TRY_ASSIGN(std::string edited, read_file(file, kMostBytes));
    while (edited.ends_with('\n') || edited.ends_with('\r'))
        edited.pop_back();
    return edited;
}

}  // namespace moat::cli
