#include "adapters/jieba/segmenter.h"

#include <cerrno>
#include <mutex>
#include <optional>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

#include <cppjieba/DictTrie.hpp>
#include <cppjieba/HMMModel.hpp>
#include <cppjieba/QuerySegment.hpp>
#include <fmt/format.h>

#include "adapters/jieba/dictionary.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/result.h"

namespace moat::adapters::jieba {
namespace {

// A file without a name: cppjieba reads its dictionaries by path only, and /proc/self/fd gives one.
Result<Fd> memory_file(const char* name, std::string_view text) {
    const auto failed = [](std::string_view what) {
        const std::string reason = std::generic_category().message(errno);
        return Error{ErrorCode::io, fmt::format("the word list: {}: {}", what, reason)};
    };
    Fd file(::memfd_create(name, MFD_CLOEXEC));
    if (!file) return failed("memfd_create");
    while (!text.empty()) {
        const ssize_t written = ::write(file.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return failed("write");
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return file;
}

std::string path_of(const Fd& file) {
    return fmt::format("/proc/self/fd/{}", file.get());
}

struct Jieba {
    cppjieba::DictTrie dictionary;
    cppjieba::HMMModel model;
    cppjieba::QuerySegment query{&dictionary, &model};
};

Result<std::unique_ptr<const Jieba>> load() {
    TRY_ASSIGN(const Fd dictionary, memory_file("jieba.dict", dictionary_text()));
    TRY_ASSIGN(const Fd model, memory_file("hmm_model", model_text()));
    // cppjieba ends the process when it cannot open a path, so it is tried first.
    if (::access(path_of(dictionary).c_str(), R_OK) != 0) {
        return Error{ErrorCode::io, "/proc is not mounted"};
    }
    return std::unique_ptr<const Jieba>(
        new Jieba{cppjieba::DictTrie(path_of(dictionary)), cppjieba::HMMModel(path_of(model))}
    );
}

class Segmenter final : public index::WordSegmenter {
  public:
    void cut(std::string_view run, std::vector<std::string>& words) const override {
        std::call_once(loaded_, [this] {
            auto jieba = load();
            if (jieba) {
                jieba_ = std::move(*jieba);
            } else {
                log::warning("Chinese text is searched without words: {}", jieba.error().message);
            }
        });
        if (jieba_ == nullptr) return;
        std::vector<std::string> found;
        jieba_->query.Cut(std::string(run), found);
        words.insert(
            words.end(),
            std::make_move_iterator(found.begin()),
            std::make_move_iterator(found.end())
        );
    }

  private:
    mutable std::once_flag loaded_;
    mutable std::unique_ptr<const Jieba> jieba_;  // after loaded_
};

}  // namespace

std::shared_ptr<const index::WordSegmenter> make_segmenter() {
    return std::make_shared<const Segmenter>();
}

}  // namespace moat::adapters::jieba
