#include "adapters/llama/quantize_main.h"

#include <atomic>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <llama.h>

#include "adapters/llama/cores.h"
#include "adapters/llama/importance_matrix.h"
#include "base/child_process.h"
#include "base/frame_channel.h"
#include "models/quantizer_process.h"

namespace moat::adapters::llama {
namespace {

// Like a runner: the kernel takes everything back faster than an orderly end would.
[[noreturn]] void end(int status) {
    std::fflush(stderr);
    ::_exit(status);
}

int number_at(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return 0;
    int number = 0;
    std::from_chars(text.data() + first, text.data() + text.size(), number);
    return number;
}

class QuantizeChild {
  public:
    explicit QuantizeChild(Fd socket) : channel_(std::move(socket)) {
        llama_log_set(receive, this);
    }

    [[noreturn]] void run() {
        const auto frame = channel_.read();
        if (!frame) end(0);
        const auto job = models::parse_quantize_job(*frame);
        if (!job) fail(job.error().message);
        // Nothing more is said to this process: that its server went shows as the end of the
        // socket.
        std::thread([this] {
            (void)channel_.read();
            if (!done_) end(1);
        }).detach();

        llama_model_quantize_params parameters = llama_model_quantize_default_params();
        parameters.nthread = usable_cores();
        parameters.ftype = static_cast<llama_ftype>(job->type.copies ? 0 : job->type.id);
        parameters.only_copy = job->type.copies;
        std::optional<ImportanceMatrix> importance;
        if (job->importance) {
            auto read = ImportanceMatrix::read(*job->importance);
            if (!read) fail(read.error().message);
            importance = std::move(*read);
            importance->add_to(parameters);
        }
        const auto failed =
            llama_model_quantize(job->sources.front().c_str(), job->target.c_str(), &parameters);
        if (failed != 0) fail(cause_of(*job));
        done_ = true;
        send({{"done", true}});
        end(0);
    }

  private:
    std::string cause_of(const models::QuantizeJob& job) const {
        // llama.cpp says of a failed write only that it failed.
        if (is_full(job.target)) return "the disk is full; free some space and try again";
        std::string said = cause();
        if (job.importance || !said.contains("requires an imatrix")) return said;
        return "this type needs an importance matrix, which says which weights matter most: give "
               "one with --imatrix FILE (\"imatrix\" of /api/create); llama.cpp's llama-imatrix "
               "makes it";
    }

    static bool is_full(const std::filesystem::path& target) {
        constexpr std::uintmax_t kHardlyAny = 1 << 16;
        std::error_code error;
        const auto space = std::filesystem::space(target.parent_path(), error);
        return !error && space.available < kHardlyAny;
    }

    void send(const json::Object& header) {
        if (!channel_.write(header)) end(1);
    }

    [[noreturn]] void fail(const std::string& cause) {
        done_ = true;
        send({{"error", cause.empty() ? "llama.cpp gave no cause" : cause}});
        end(1);
    }

    // llama.cpp says "<function>: failed to quantize: <cause>" last.
    std::string cause() const {
        constexpr std::string_view kBefore = "failed to quantize: ";
        const auto place = last_error_.find(kBefore);
        if (place == std::string::npos) return last_error_;
        return last_error_.substr(place + kBefore.size());
    }

    // It tells of each tensor as "[  12/ 291] name - ...": that is how far it is.
    static void receive(ggml_log_level level, const char* text, void* self) {
        auto& child = *static_cast<QuantizeChild*>(self);
        const std::string_view line(text);
        if (level == GGML_LOG_LEVEL_ERROR) {
            std::string error(line.substr(0, line.find_last_not_of(" \n") + 1));
            if (!error.empty()) child.last_error_ = std::move(error);
        }
        const auto slash = line.find('/');
        if (!line.starts_with('[') || slash == std::string_view::npos) return;
        const int done = number_at(line.substr(1));
        const int all = number_at(line.substr(slash + 1));
        if (done > 0 && all >= done)
            child.send({{"fraction", static_cast<double>(done - 1) / all}});
    }

    FrameChannel channel_;
    std::atomic<bool> done_ = false;
    std::string last_error_;  // llama.cpp logs on the thread that quantizes
};

}  // namespace

int quantize_main(int /*argc*/, char** /*argv*/) {
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(kChildSocket, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
        std::fputs(
            "moat quantize is started by moat serve, not by hand; "
            "use moat create --quantize TYPE\n",
            stderr
        );
        return 2;
    }
    llama_backend_init();
    QuantizeChild(Fd(kChildSocket)).run();
}

}  // namespace moat::adapters::llama
