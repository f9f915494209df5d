#include "cli/history_file.h"

#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"

namespace moat::cli {
namespace {

constexpr std::size_t kMostBytes = 16U << 20;
constexpr std::size_t kCutAbove = 1U << 20;

// What is no boolean, but there, means yes, as Ollama reads its variables.
bool is_set(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
    if (value == nullptr) return false;
    const std::string_view text = value;
    return !text.empty() && text != "0" && text != "false" && text != "f" && text != "F" &&
           text != "False" && text != "FALSE";
}

}  // namespace

std::vector<std::string> HistoryFile::load(std::size_t limit) const {
    std::vector<std::string> lines;
    if (path_.empty()) return lines;
    const auto text = read_file(path_, kMostBytes);
    if (!text) return lines;
    std::string_view rest = *text;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        if (end > 0) lines.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (lines.size() > limit)
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(limit));
    if (text->size() > kCutAbove) {
        std::string kept;
        for (const std::string& line : lines)
            kept += line + "\n";
        if (write_file_atomically(path_, bytes_of(kept)))
            (void)::chmod(path_.c_str(), S_IRUSR | S_IWUSR);  // the folder is the owner's anyway
    }
    return lines;
}

void HistoryFile::append(std::string_view text) const {
    if (path_.empty()) return;
    if (!make_directories(path_.parent_path())) return;
    const Fd file(
        ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR)
    );
    if (!file) return;
    const std::string line = std::string(text) + "\n";
    // One write: lines of two dialogues do not mix. A full disk costs the entry.
    (void)!::write(file.get(), line.data(), line.size());
}

std::filesystem::path usual_history_file() {
    const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    if (home == nullptr || *home == '\0' || is_set("OLLAMA_NOHISTORY")) return {};
    return std::filesystem::path(home) / ".ollama" / "history";
}

}  // namespace moat::cli
