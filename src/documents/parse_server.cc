#include "documents/parse_server.h"

#include <cerrno>
#include <csignal>
#include <new>
#include <poll.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child_process.h"
#include "base/frame_channel.h"
#include "documents/document_json.h"
#include "documents/parse_limits_json.h"

namespace moat::documents {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{256} << 10U;

struct Request {
    std::string name;
    ParseLimits limits;
    Fd file;
    Fd answer;
};

// Asks for the size by lseek: the sandbox allows no stat.
Result<std::string> read_all(const Fd& file, const std::string& name, std::size_t max_bytes) {
    const Error failed{ErrorCode::io, name + " cannot be read"};
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    if (size < 0) return failed;
    if (static_cast<std::size_t>(size) > max_bytes) {
        return Error{
            ErrorCode::too_large,
            name + " is over the limit of " + std::to_string(max_bytes >> 20U) + " MB"
        };
    }
    std::string data(static_cast<std::size_t>(size), '\0');
    std::size_t done = 0;
    while (done < data.size()) {
        const ssize_t got =
            ::pread(file.get(), data.data() + done, data.size() - done, static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed;
        if (got == 0) break;  // it became shorter
        done += static_cast<std::size_t>(got);
    }
    data.resize(done);
    return data;
}

Result<Document> parse_request(const FormatRegistry& registry, const Request& request) {
    const std::string name = quoted_name(request.name);
    const Error out_of_memory{
        ErrorCode::too_large,
        name + " needs more memory than a parser may have (" +
            std::to_string(request.limits.memory_bytes >> 20U) + " MB)"
    };
    try {
        TRY_ASSIGN(
            const std::string data, read_all(request.file, name, request.limits.max_input_bytes)
        );
        return registry.parse(bytes_of(data), request.name, request.limits);
    } catch (const std::bad_alloc&) {
        return out_of_memory;
    } catch (const std::length_error&) {
        return out_of_memory;
    }
}

Status send_document(FrameChannel& answer, Document document) {
    json::Array batch;
    std::size_t bytes = 0;
    for (Block& block : document.blocks) {
        bytes += block.text.size();
        batch.push_back(to_json(block));
        block = {};
        if (bytes < kBatchBytes && batch.size() < 1000) continue;
        TRY(answer.write({{"blocks", std::move(batch)}}));
        batch = {};
        bytes = 0;
    }
    TRY(answer.write({{"blocks", std::move(batch)}}));
    return answer.write({{"document", to_json(document)}});
}

// The process of one request. Never returns.
[[noreturn]] void run_request(
    const FormatRegistry& registry, const Sandbox& sandbox, Request request, pid_t parent
) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // it died before the line above
    ::close(kChildSocket);
    FrameChannel answer(std::move(request.answer));
    const auto fail = [&answer](const Error& error) {
        return answer.write(
            {{"error", {{"code", to_string(error.code)}, {"message", error.message}}}}
        );
    };
    Status sent = Ok{};
    if (const Status confined = sandbox.confine(request.limits); !confined) {
        sent = fail(confined.error());
    } else {
        auto document = parse_request(registry, request);
        sent = document ? send_document(answer, *std::move(document)) : fail(document.error());
    }
    ::_exit(sent ? 0 : 1);
}

// Waits for the request's process; ends this one, and that with it, when the server goes away.
json::Object wait_for(pid_t child) {
    const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    pollfd events[] = {{process.get(), POLLIN, 0}, {kChildSocket, POLLRDHUP, 0}};
    if (process) {
        while (::poll(events, 2, -1) < 0 && errno == EINTR) {
        }
        if ((events[1].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) ::_exit(0);
    }
    int status = 0;
    rusage usage{};
    while (::wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    return {{"status", status}, {"peak_bytes", usage.ru_maxrss * 1024}};
}

Result<Request> read_request(FrameChannel& control) {
    TRY_ASSIGN(const Frame frame, control.read());
    TRY_ASSIGN(Fd file, control.receive_descriptor());
    TRY_ASSIGN(Fd answer, control.receive_descriptor());
    const json::Value header(frame.header);
    return Request{
        json::string_or(header, "name"),
        parse_limits_from_json(header),
        std::move(file),
        std::move(answer),
    };
}

}  // namespace

int serve_parse_requests(const FormatRegistry& registry, const Sandbox& sandbox) {
    ::signal(SIGXFSZ, SIG_IGN);  // a log line that may not be written is no reason to die
    FrameChannel control{Fd(kChildSocket)};
    const pid_t self = ::getpid();
    while (true) {
        auto request = read_request(control);
        if (!request) return 0;
        const pid_t child = ::fork();
        if (child == 0) run_request(registry, sandbox, *std::move(request), self);
        request->answer.reset();
        if (child < 0) return 1;
        if (!control.write(wait_for(child))) return 0;
    }
}

}  // namespace moat::documents
