#include "documents/parser_process.h"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>

#include <fmt/format.h>

#include "base/child_process.h"
#include "base/frame_channel.h"
#include "documents/document_json.h"
#include "documents/format_registry.h"
#include "documents/parse_limits_json.h"

namespace moat::documents {
namespace {

using std::chrono::steady_clock;

// Time beyond the limit, within which the child normally stops by itself.
constexpr std::chrono::seconds kGrace{2};

Result<Fd> open_file(const std::filesystem::path& path, const std::string& name) {
    // Non-blocking: opening a named pipe must not hang.
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) {
        if (errno == ENOENT) return Error{ErrorCode::not_found, name + " does not exist"};
        if (errno == EACCES)
            return Error{ErrorCode::io, name + " may not be read by this user (check its rights)"};
        return Error{ErrorCode::io, name + " cannot be opened"};
    }
    struct stat info{};
    if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
        return Error{ErrorCode::unsupported, name + " is no ordinary file"};
    return file;
}

ErrorCode code_of(std::string_view name) {
    for (const ErrorCode code :
         {ErrorCode::too_large, ErrorCode::corrupt, ErrorCode::io, ErrorCode::unsupported}) {
        if (to_string(code) == name) return code;
    }
    return ErrorCode::internal;
}

// What the answer's frames add up to. The child may have been taken over by the file: everything
// is checked against the limits once more.
class AnswerReader {
  public:
    explicit AnswerReader(const ParseLimits& limits) : limits_(limits) {}

    Result<Document> read(FrameChannel& channel) {
        while (true) {
            TRY_ASSIGN(const Frame frame, channel.read());
            if (!frame.payload.empty()) return unknown_message();
            const json::Value header(frame.header);
            answered_ = true;
            if (const json::Object* error = json::find_object(header, "error")) {
                const json::Value value(*error);
                return Error{
                    code_of(json::string_or(value, "code")), json::string_or(value, "message")
                };
            }
            if (json::find_object(header, "document") != nullptr) {
                TRY_ASSIGN(Document document, document_from_json(frame.header.at("document")));
                document.blocks = std::move(blocks_);
                return document;
            }
            answered_ = false;
            TRY(take_blocks(header));
        }
    }
    // Did the last read() end with the child's own word, good or bad?
    bool answered() const { return answered_; }

  private:
    static Error unknown_message() {
        return {ErrorCode::corrupt, "the parser process sent an unknown message"};
    }

    Status take_blocks(const json::Value& header) {
        const Error over{
            ErrorCode::too_large, "the parser process sent more than its limits allow"
        };
        const json::Array* blocks = json::find_array(header, "blocks");
        if (blocks == nullptr) return unknown_message();
        for (const json::Value& value : *blocks) {
            TRY_ASSIGN(Block block, block_from_json(value));
            bytes_ += block.text.size();
            for (const std::string& heading : block.headings)
                bytes_ += heading.size();
            for (const auto& [name, cell] : block.fields)
                bytes_ += name.size() + cell.size();
            if (bytes_ > limits_.max_text_bytes || blocks_.size() >= limits_.max_blocks)
                return over;
            blocks_.push_back(std::move(block));
        }
        return Ok{};
    }

    const ParseLimits& limits_;
    std::vector<Block> blocks_;
    std::size_t bytes_ = 0;
    bool answered_ = false;
};

// Why a process that gave no answer ended, in words.
Error explain_death(
    int status, std::size_t peak_bytes, const std::string& name, const ParseLimits& limits
) {
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signal == SIGXCPU) {
        return {
            ErrorCode::timed_out,
            fmt::format("{} takes more than {} seconds to read", name, limits.seconds)
        };
    }
    const bool memory = peak_bytes > limits.memory_bytes / 4 * 3 || signal == SIGKILL;
    if (memory && signal != 0) {
        return {
            ErrorCode::too_large,
            fmt::format(
                "the parser ran out of memory on {} (limit {} MB)", name, limits.memory_bytes >> 20U
            )
        };
    }
    return {
        ErrorCode::corrupt,
        fmt::format(
            "{} made the parser fail ({}); it is probably damaged",
            name,
            signal == 0 ? fmt::format("exit status {}", WEXITSTATUS(status))
                        : fmt::format("signal {}", signal)
        )
    };
}

// Ends a parse at its deadline or when the caller stops. Its own thread, because reading the answer
// blocks.
class Watchdog {
  public:
    Watchdog(ChildProcess& process, FrameChannel& answer, int seconds, std::stop_token stop)
        : thread_([this, &process, &answer, seconds, stop = std::move(stop)](
                      const std::stop_token& done
                  ) { watch(process, answer, seconds, stop, done); }) {}

    bool timed_out() const { return timed_out_; }
    bool cancelled() const { return cancelled_; }
    // No kill comes after this.
    void end() {
        thread_.request_stop();
        if (thread_.joinable()) thread_.join();
    }

  private:
    void watch(
        ChildProcess& process,
        FrameChannel& answer,
        int seconds,
        const std::stop_token& stop,
        const std::stop_token& done
    ) {
        const auto deadline = steady_clock::now() + std::chrono::seconds(seconds) + kGrace;
        // Made before the lock is taken, and gone after it: it may run at once, in this thread,
        // and its end waits for it.
        const std::stop_callback wake(stop, [this] {
            const std::lock_guard inner(mutex_);
            changed_.notify_all();
        });
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, done, deadline, [&stop] { return stop.stop_requested(); });
        if (done.stop_requested()) return;
        (stop.stop_requested() ? cancelled_ : timed_out_) = true;
        process.kill();
        answer.shut_down();
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::atomic<bool> timed_out_ = false;
    std::atomic<bool> cancelled_ = false;
    std::jthread thread_;  // last: it uses the others
};

}  // namespace

// One warm child process with its control channel. Used by one thread at a time.
class ParserProcess::Child {
  public:
    Child(ChildProcess process, Fd socket)
        : process_(std::move(process)), control_(std::move(socket)) {}

    static Result<std::unique_ptr<Child>> start(const std::vector<std::string>& command) {
        TRY_ASSIGN(SocketPair sockets, make_socket_pair());
        auto process = ChildProcess::start(command, sockets.child);
        if (!process) return Error{ErrorCode::internal, process.error().message};
        return std::make_unique<Child>(*std::move(process), std::move(sockets.parent));
    }

    // Sets `alive` to false when the child can serve no more.
    Result<Document> parse(
        const Fd& file,
        std::string_view file_name,
        const ParseLimits& limits,
        const std::stop_token& stop,
        bool& alive
    ) {
        alive = false;
        TRY_ASSIGN(SocketPair sockets, make_socket_pair());
        json::Object request = to_json(limits);
        request["name"] = to_valid_utf8(file_name);
        const Error lost{ErrorCode::internal, "the parser process was lost; try again"};
        if (!control_.write(request) || !control_.send_descriptor(file) ||
            !control_.send_descriptor(sockets.child))
            return lost;
        sockets.child.reset();

        FrameChannel answer(std::move(sockets.parent));
        Watchdog watchdog(process_, answer, limits.seconds, stop);
        AnswerReader reader(limits);
        auto document = reader.read(answer);
        answer.shut_down();  // a child that still writes after its last frame gets an error
        const auto end = control_.read();
        watchdog.end();
        const std::string name = quoted_name(file_name);
        if (watchdog.cancelled()) return Error{ErrorCode::cancelled, "reading was cancelled"};
        if (watchdog.timed_out()) {
            return Error{
                ErrorCode::timed_out,
                fmt::format("{} takes more than {} seconds to read", name, limits.seconds)
            };
        }
        if (!end) return lost;
        alive = true;
        if (reader.answered() || document.error().code != ErrorCode::io) return document;
        const json::Value header(end->header);
        return explain_death(
            static_cast<int>(json::int_or(header, "status", 0)),
            static_cast<std::size_t>(json::int_or(header, "peak_bytes", 0)),
            name,
            limits
        );
    }

  private:
    ChildProcess process_;
    FrameChannel control_;
};

ParserProcess::ParserProcess(Options options) : options_(std::move(options)) {
    CHECK(!options_.command.empty() && options_.max_children > 0);
}

ParserProcess::~ParserProcess() = default;

Result<std::unique_ptr<ParserProcess::Child>> ParserProcess::acquire(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    free_.wait(lock, stop, [this] { return in_use_ < options_.max_children; });
    if (stop.stop_requested()) return Error{ErrorCode::cancelled, "reading was cancelled"};
    ++in_use_;
    if (!idle_.empty()) {
        auto child = std::move(idle_.back());
        idle_.pop_back();
        return child;
    }
    lock.unlock();
    auto child = Child::start(options_.command);
    if (!child) give_back(nullptr);
    return child;
}

void ParserProcess::give_back(std::unique_ptr<Child> child) {
    const std::lock_guard lock(mutex_);
    --in_use_;
    if (child) idle_.push_back(std::move(child));
    free_.notify_one();
}

Result<Document> ParserProcess::parse(
    const std::filesystem::path& path, std::string_view file_name, std::stop_token stop
) {
    TRY_ASSIGN(const Fd file, open_file(path, quoted_name(file_name)));
    TRY_ASSIGN(std::unique_ptr<Child> child, acquire(stop));
    bool alive = false;
    auto document = child->parse(file, file_name, options_.limits, stop, alive);
    if (!alive) child.reset();
    give_back(std::move(child));
    return document;
}

}  // namespace moat::documents
